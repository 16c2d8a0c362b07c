"""pepkit as a back end of PEPit: ``problem.solve(wrapper="pepkit")``.

PEPit sends constraints and matrices, asks for a solution, and reads primal and dual values back. Here the
problem is certified in between; the dual values that PEPit receives are those of the certificate, so the
bound that PEPit reassembles from them is the certified rate up to float rounding.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PEPit.constraint import Constraint
from PEPit.expression import Expression
from PEPit.wrapper import Wrapper

from pepkit.kernel import ClaimError, Form, ListedClaim
from pepkit.pep.exact_numbers import NumberReader
from pepkit.pep.pepit_import import ImportedProblem, import_sent
from pepkit.pepit.certify import SECOND_LIMIT, SECOND_PATIENCE, certify_imported, second_reading
from pepkit.pepit.diagnosis import ContradictoryProblemError, UnboundedProblemError
from pepkit.pepit.result import PepitResult
from pepkit.result import CertificationError
from pepkit.rounding.listed import ListedSystem
from pepkit.rounding.listed_dual import listed_optimum
from pepkit.solvers import solver as named_solver

__all__ = ["PepkitWrapper"]


class PepkitWrapper(Wrapper):
    """The back end. After a solve, `result` holds the `PepitResult`.

    Keyword arguments of ``problem.solve`` are those of `pepkit.pepit.certify_pepit` (``mode``, ``tolerance``,
    ``decimal``, ``numbers``, ``repair_rounding``, ``simplify``); ``solver`` names a solver of pepkit, None chooses one.
    """

    def __init__(self, verbose: int = 1) -> None:
        super().__init__(verbose=verbose)
        self.solver_name = "pepkit"
        self.result: PepitResult | None = None
        self._imported: ImportedProblem | None = None
        self._weight: np.ndarray | None = None
        self._least: float | None = None
        self._objective: Any = None

    def check_license(self) -> bool:
        """No licence is needed."""
        return True

    def set_main_variables(self) -> None:
        """Nothing to declare: the problem is imported as a whole."""

    def send_constraint_to_solver(self, constraint: Any) -> None:
        """Note a constraint, in order."""
        self._list_of_constraints_sent_to_solver.append(constraint)

    def send_lmi_constraint_to_solver(self, psd_matrix: Any) -> None:
        """Note a matrix inequality, in order."""
        self._list_of_constraints_sent_to_solver.append(psd_matrix)

    def generate_problem(self, objective: Any) -> Any:
        """Note the objective."""
        self._objective = objective
        return None

    def solve(self, **options: Any) -> tuple[str, str, float | None]:
        """Certify the problem, or find worst-case data for the current heuristic.

        Returns status, solver and the value of the objective; the value is None for unbounded problems, as
        PEPit expects.
        """
        solver_name = options.pop("solver", None) or "auto"
        if self._weight is not None:
            return self._reduce_dimension(solver_name)
        decimal, numbers = options.pop("decimal", False), options.pop("numbers", None)
        repair_rounding = options.pop("repair_rounding", True)
        known = {"mode", "tolerance", "simplify", "witness", "sympy", "progress", "settings"}
        unknown = sorted(set(options) - known)
        if unknown:
            raise ClaimError(f"wrapper='pepkit' does not know the option(s) {', '.join(unknown)}")
        sent = self._list_of_constraints_sent_to_solver

        def imported(reading: str) -> ImportedProblem:
            constraints = [c for c in sent if isinstance(c, Constraint)]
            matrices = [c for c in sent if not isinstance(c, Constraint)]
            return import_sent(constraints, matrices, self._objective, NumberReader(reading), repair_rounding)

        self._imported = imported(numbers or ("decimal" if decimal else "dyadic"))
        if str(solver_name).lower() != "auto":
            solver_name = str(solver_name).lower()
        started = time.perf_counter()
        try:
            self.result = certify_imported(self._imported, solver=solver_name, **options)
        except UnboundedProblemError:
            return "unbounded", "pepkit", None
        except ContradictoryProblemError:
            return "infeasible", "pepkit", None
        except CertificationError:
            late = time.perf_counter() - started > SECOND_LIMIT
            if decimal or numbers is not None or not self._imported.rounded or not repair_rounding or late:
                raise
            self._imported = second_reading(imported("simplest"))
            self.result = certify_imported(self._imported, solver=solver_name, patience=SECOND_PATIENCE, **options)
        value = self._store_primal(self.result.gram, self.result.values)
        return "certified", f"pepkit with {self.result.solver}", value

    def _store_primal(self, gram: np.ndarray, values: np.ndarray) -> float:
        """Numerical worst-case data in PEPit's order; returns the value of the objective."""
        problem = self._imported
        if problem is None:
            raise ClaimError("solve the problem before its values are read")
        self.optimal_G = (gram + gram.T) / 2
        full = np.zeros(Expression.counter)
        for k, position in enumerate(problem.values):
            if position is not None:
                full[k] = values[position]
        claim = problem.claim
        form = claim.measure
        value = _number(form.constant)
        value += sum(_number(c) * gram[p, q] for (p, q), c in form.quadratic.items())
        value += sum(_number(c) * values[s] for s, c in form.linear.items())
        full[self._objective.counter] = value
        self.optimal_F = full
        return float(value)

    def _recover_dual_values(self) -> tuple[list[Any], np.ndarray]:
        """Multipliers of the certificate in floats and in PEPit's signs, and the residual."""
        if self.result is None or self._imported is None:
            raise ClaimError("solve the problem before its multipliers are read")
        claim, certificate = self._imported.claim, self.result.certificate
        system = ListedSystem(claim, null_space=())
        residual = -system.goal[0]
        duals: list[Any] = []
        for constraint, address in zip(
            self._list_of_constraints_sent_to_solver, self._imported.hypotheses, strict=True
        ):
            if address is None:
                # the metric itself, or a constraint that holds trivially
                metric = any(key is self._objective for key in constraint.expression.decomposition_dict)
                duals.append(1.0 if metric else 0.0)
                continue
            family, k = address
            value = certificate.multipliers.get(family, {}).get((k,), 0)
            if family == "matrix-inequalities":
                matrix = claim.matrix_inequalities[k][1]
                size = len(matrix)
                number = np.zeros((size, size))
                if value:
                    number = np.array([[_number(a) for a in row] for row in value])
                for i in range(size):
                    for j in range(size):
                        _subtract(residual, matrix[i][j], number[i, j])
                duals.append(number)
                continue
            number_value = _number(value)
            listed = claim.inequalities if family == "inequalities" else claim.equalities
            _subtract(residual, listed[k][1], number_value)
            duals.append(number_value if family == "inequalities" else -number_value)
        return [residual, *duals], residual

    def prepare_heuristic(self, wc_value: float, tol_dimension_reduction: float) -> None:
        """Keep the objective within the tolerance of its value."""
        self._least = wc_value - tol_dimension_reduction

    def heuristic(self, weight: np.ndarray) -> Any:
        """Minimise <weight, G> in the next solve. No theorem comes of it: only the worst-case data change."""
        self._weight = np.asarray(weight, dtype=float)
        return None

    def _reduce_dimension(self, solver_name: str) -> tuple[str, str, float | None]:
        problem, weight = self._imported, self._weight
        if problem is None or weight is None or self._least is None:
            raise ClaimError("the heuristic needs a solved problem")
        from pepkit.algebra import exact

        claim = problem.claim
        measure = claim.measure
        number_field = claim.field
        bound = number_field.coerce(exact(float(self._least)).value)
        enough = Form(measure.quadratic, measure.linear, measure.constant - bound)
        weights = {
            (i, j): number_field.coerce(exact(-float(weight[i, j]) * (1 if i == j else 2)).value)
            for j in range(len(weight))
            for i in range(j + 1)
            if weight[i, j]
        }
        smaller: ListedClaim = ListedClaim(
            claim.vectors, claim.scalars, (*claim.inequalities, ("objective", enough)), claim.equalities,
            claim.matrix_inequalities, Form(weights), claim.normaliser, None, claim.title, number_field,
        )  # fmt: skip
        chosen = named_solver("clarabel" if str(solver_name).lower() == "auto" else str(solver_name).lower())
        dual, solution = listed_optimum(ListedSystem(smaller), chosen, 1e-8)
        value = self._store_primal(dual.gram, dual.values)
        return solution.status.name.lower(), chosen.name, value


def _number(value: Any) -> float:
    if hasattr(value, "p"):
        return int(value.p) / int(value.q)
    if hasattr(value, "field"):
        from pepkit.algebra import to_float

        return to_float(value.field, value)
    return float(value)


def _subtract(matrix: np.ndarray, form: Form, factor: float) -> None:
    for (p, q), value in form.quadratic.items():
        half = factor * _number(value) / 2
        matrix[p, q] -= half
        matrix[q, p] -= half
