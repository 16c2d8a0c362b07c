"""Performance estimation problems: claims from users' words, named methods, worst-case functions."""

from pepkit.pep.claims import fixed_step_method, gradient_descent, initial_condition, performance_measure
from pepkit.pep.constant_forms import constant_certificate
from pepkit.pep.methods import method, method_names, step_matrix
from pepkit.pep.reference_lines import (
    closed_form_methods,
    method_certificate,
    optimized_gradient_certificate,
    optimized_gradient_norm_certificate,
)
from pepkit.pep.worst_cases import WorstCase, worst_cases

__all__ = [
    "WorstCase",
    "closed_form_methods",
    "constant_certificate",
    "fixed_step_method",
    "gradient_descent",
    "initial_condition",
    "method",
    "method_certificate",
    "method_names",
    "optimized_gradient_certificate",
    "optimized_gradient_norm_certificate",
    "performance_measure",
    "step_matrix",
    "worst_cases",
]
