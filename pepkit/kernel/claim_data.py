"""Claims as JSON data. A new kind of claim is one reader, one writer and one line in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pepkit.kernel import (
    angle_maps,
    balanced_flow,
    bias_flow,
    constant_step_cover,
    descent_maps,
    effective_rank,
    injectivity,
    line_networks,
    linear_network_identities,
    maximal_margin,
    random_injectivity,
    reading,
    schedule_cover,
)
from pepkit.kernel.arcsine import ArcsineClaim, read_arcsine, write_arcsine
from pepkit.kernel.claims import (
    Claim,
    FixedStepMethod,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)
from pepkit.kernel.composition import CompositionClaim
from pepkit.kernel.composition_properties import (
    CompositionPropertyClaim,
    read_composition_property,
    write_composition_property,
)
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.lipschitz_data import CLAIMS as LIPSCHITZ_CLAIMS
from pepkit.kernel.moving_claims import CLAIMS as MOVING_CLAIMS
from pepkit.kernel.network_data import CLAIMS as NETWORK_CLAIMS
from pepkit.kernel.numbers import Field
from pepkit.kernel.patterns import StraightforwardClaim, read_straightforward, write_straightforward
from pepkit.kernel.proximal import ProximalClaim, read_proximal, write_proximal
from pepkit.kernel.quadratics import QuadraticClaim, read_quadratic, write_quadratic
from pepkit.kernel.schedule_properties import (
    SchedulePropertyClaim,
    read_schedule_property,
    write_schedule_property,
)
from pepkit.kernel.statement import Form, Vector

__all__ = ["KINDS", "lower_triangle", "read_claim", "write_claim"]


def read_claim(number_field: Field, data: object) -> Claim:
    """The claim in the JSON object `data`; FormatError or ClaimError if it is none."""
    if not isinstance(data, dict):
        raise FormatError("the claim is not a JSON object")
    for kind, (_, reader, _) in KINDS.items():
        if data.get("kind") == kind:
            return reader(number_field, data)
    raise FormatError(f"unknown kind of claim {str(data.get('kind'))[:40]!r}; known are {', '.join(KINDS)}")


def write_claim(claim: Claim) -> dict[str, Any]:
    """The JSON object of a claim with a rate."""
    # other kinds of claims have no rate to miss
    if isinstance(claim, (MethodClaim, ListedClaim, CompositionClaim)) and claim.rate is None:
        raise ClaimError("a claim without a rate cannot be written to a file")
    for kind, (cls, _, writer) in KINDS.items():
        if isinstance(claim, cls):
            return {"kind": kind, **writer(claim)}
    raise ClaimError(f"a claim of type {type(claim).__name__} cannot be written to a file")


def _read_method_claim(number_field: Field, data: dict[str, Any]) -> MethodClaim:
    reading.fields(data, "the claim", ("kind", "class", "method", "measure", "initial", "rate"))
    read = number_field.read
    cls = reading.fields(data["class"], "the class", ("L", "mu/L"))
    smoothness = None if cls["L"] == "L" else read(cls["L"])
    method = data["method"]
    kind = method.get("type") if isinstance(method, dict) else None
    parsed: GradientDescent | FixedStepMethod
    if kind == "gradient-descent":
        reading.fields(method, "the method", ("type", "steps"))
        parsed = GradientDescent(tuple(read(h) for h in reading.items(method["steps"], "steps")))
    elif kind == "fixed-step":
        reading.fields(method, "the method", ("type", "matrix"))
        rows = [reading.items(row, "a row of the step matrix") for row in reading.items(method["matrix"], "matrix")]
        parsed = FixedStepMethod(tuple(tuple(read(h) for h in row) for row in rows))
    else:
        raise FormatError(f"unknown type of method {str(kind)[:40]!r}")
    return MethodClaim(
        number_field,
        SmoothFunctionClass(read(cls["mu/L"]), smoothness),
        parsed,
        _member(Measure, data["measure"]),
        _member(InitialCondition, data["initial"]),
        read(data["rate"]),
    )


def _member(enumeration: Any, value: object) -> Any:
    for member in enumeration:
        if member.value == value:
            return member
    known = ", ".join(repr(member.value) for member in enumeration)
    raise FormatError(f"unknown value {str(value)[:60]!r}; known are {known}")


def _write_method_claim(claim: MethodClaim) -> dict[str, Any]:
    write = claim.field.write
    cls = claim.function_class
    method: dict[str, Any]
    if isinstance(claim.method, GradientDescent):
        method = {"type": "gradient-descent", "steps": [write(h) for h in claim.method.steps]}
    else:
        method = {"type": "fixed-step", "matrix": [[write(h) for h in row] for row in claim.method.matrix]}
    return {
        "class": {"L": "L" if cls.L is None else write(cls.L), "mu/L": write(cls.mu_over_L)},
        "method": method,
        "measure": claim.measure.value,
        "initial": claim.initial.value,
        "rate": write(claim.rate),
    }


def _read_listed_claim(number_field: Field, data: dict[str, Any]) -> ListedClaim:
    reading.fields(
        data,
        "the claim",
        ("kind", "vectors", "scalars", "measure", "normaliser", "rate"),
        ("inequalities", "equalities", "matrix-inequalities", "title"),
    )

    def form(entry: object) -> Form:
        parts = reading.fields(entry, "a form", (), ("quadratic", "linear", "constant"))
        quadratic = {}
        for term in reading.items(parts.get("quadratic", []), "quadratic"):
            p, q, c = reading.entry(term, 2, "a quadratic term")
            quadratic[(p, q)] = number_field.read(c)
        linear = {}
        for term in reading.items(parts.get("linear", []), "linear"):
            s, c = reading.entry(term, 1, "a linear term")
            linear[s] = number_field.read(c)
        reading.increasing(
            list(quadratic), len(reading.items(parts.get("quadratic", []), "quadratic")), "quadratic terms"
        )
        reading.increasing(
            [(s,) for s in linear], len(reading.items(parts.get("linear", []), "linear")), "linear terms"
        )
        return Form(quadratic, linear, number_field.read(parts.get("constant", "0")))

    def named(key: str, reader: Callable[[object], Any]) -> tuple[tuple[str, Any], ...]:
        pairs = []
        for item in reading.items(data.get(key, []), key):
            if len(reading.items(item, f"an entry of {key}")) != 2:
                raise FormatError(f"an entry of {key} is not a pair of name and form")
            pairs.append((reading.text(item[0], "a name"), reader(item[1])))
        return tuple(pairs)

    def matrix(entry: object) -> tuple[tuple[Form, ...], ...]:
        lower = [[form(e) for e in reading.items(row, "a row")] for row in reading.items(entry, "a matrix of forms")]
        if any(len(row) != i + 1 for i, row in enumerate(lower)):
            raise FormatError("a matrix inequality is written as its lower triangle")
        size = len(lower)
        return tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(size)) for i in range(size))

    vectors = []
    for item in reading.items(data["vectors"], "vectors"):
        if isinstance(item, str):
            vectors.append(Vector(reading.text(item, "a vector name")))
            continue
        parts = reading.fields(item, "a vector", ("name", "definition"))
        definition = []
        for term in reading.items(parts["definition"], "a definition"):
            k, c = reading.entry(term, 1, "a term of a definition")
            definition.append((k, number_field.read(c)))
        vectors.append(Vector(reading.text(parts["name"], "a vector name"), tuple(definition)))
    return ListedClaim(
        tuple(vectors),
        tuple(reading.text(s, "a scalar name") for s in reading.items(data["scalars"], "scalars")),
        named("inequalities", form),
        named("equalities", form),
        named("matrix-inequalities", matrix),
        form(data["measure"]),
        form(data["normaliser"]),
        number_field.read(data["rate"]),
        reading.text(data["title"], "the title") if "title" in data else "",
        number_field,
    )


def _write_listed_claim(claim: ListedClaim) -> dict[str, Any]:
    write = claim.field.write

    def form(value: Form) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if value.quadratic:
            entry["quadratic"] = [[*key, write(value.quadratic[key])] for key in sorted(value.quadratic)]
        if value.linear:
            entry["linear"] = [[s, write(value.linear[s])] for s in sorted(value.linear)]
        if value.constant:
            entry["constant"] = write(value.constant)
        return entry

    data: dict[str, Any] = {
        "vectors": [
            v.name if v.definition is None else {"name": v.name, "definition": [[k, write(a)] for k, a in v.definition]}
            for v in claim.vectors
        ],
        "scalars": list(claim.scalars),
        "measure": form(claim.measure),
        "normaliser": form(claim.normaliser),
        "rate": write(claim.rate),
    }
    if claim.title:
        data["title"] = claim.title
    if claim.inequalities:
        data["inequalities"] = [[name, form(f)] for name, f in claim.inequalities]
    if claim.equalities:
        data["equalities"] = [[name, form(f)] for name, f in claim.equalities]
    if claim.matrix_inequalities:
        data["matrix-inequalities"] = [[name, lower_triangle(m, form)] for name, m in claim.matrix_inequalities]
    return data


def _read_composition_claim(number_field: Field, data: dict[str, Any]) -> CompositionClaim:
    reading.fields(data, "the claim", ("kind", "class", "joins", "measure", "initial", "rate"))
    cls = reading.fields(data["class"], "the class", ("L", "mu/L"))
    instructions = []
    for item in reading.items(data["joins"], "joins"):
        kind, *operands = reading.items(item, "a join") or [None]
        if not isinstance(kind, str) or not all(isinstance(operand, (str, int)) for operand in operands):
            raise FormatError("a join is a list of its name and its operands")
        instructions.append((kind, *operands))
    return CompositionClaim(
        number_field,
        SmoothFunctionClass(number_field.read(cls["mu/L"]), None if cls["L"] == "L" else number_field.read(cls["L"])),
        tuple(instructions),
        _member(Measure, data["measure"]),
        _member(InitialCondition, data["initial"]),
        number_field.read(data["rate"]),
    )


def _write_composition_claim(claim: CompositionClaim) -> dict[str, Any]:
    write = claim.field.write
    cls = claim.function_class
    return {
        "class": {"L": "L" if cls.L is None else write(cls.L), "mu/L": write(cls.mu_over_L)},
        "joins": [list(instruction) for instruction in claim.instructions],
        "measure": claim.measure.value,
        "initial": claim.initial.value,
        "rate": write(claim.rate),
    }


def lower_triangle(rows: Iterable[Sequence[Any]], write: Callable[[Any], Any]) -> list[list[Any]]:
    """The lower triangle of a symmetric matrix, row by row."""
    return [[write(a) for a in row[: i + 1]] for i, row in enumerate(rows)]


KINDS: dict[str, tuple[type[Claim], Callable[[Field, dict[str, Any]], Claim], Callable[[Any], dict[str, Any]]]] = {
    "method": (MethodClaim, _read_method_claim, _write_method_claim),
    "listed": (ListedClaim, _read_listed_claim, _write_listed_claim),
    "composition": (CompositionClaim, _read_composition_claim, _write_composition_claim),
    **NETWORK_CLAIMS,
    **LIPSCHITZ_CLAIMS,
    **MOVING_CLAIMS,
    "injective-network": (injectivity.InjectiveNetwork, injectivity.read_injective, injectivity.write_network),
    "non-injective-network": (
        injectivity.NonInjectiveNetwork,
        injectivity.read_non_injective,
        injectivity.write_network,
    ),
    "injectivity-threshold": (
        random_injectivity.InjectivityThreshold,
        random_injectivity.read_threshold,
        random_injectivity.write_threshold,
    ),
    "injectivity-probability": (
        random_injectivity.InjectivityProbability,
        random_injectivity.read_probability,
        random_injectivity.write_probability,
    ),
    "angle-enclosure": (angle_maps.AngleEnclosure, angle_maps.read_angle, angle_maps.write_angle),
    "wide-network-constant": (
        angle_maps.WideNetworkConstant,
        angle_maps.read_constant,
        angle_maps.write_constant,
    ),
    "balanced-trajectory": (
        balanced_flow.BalancedTrajectory,
        balanced_flow.read_trajectory,
        balanced_flow.write_trajectory,
    ),
    "descent-covering": (descent_maps.DescentCovering, descent_maps.read_covering, descent_maps.write_covering),
    "descent-orbit": (descent_maps.DescentOrbit, descent_maps.read_orbit, descent_maps.write_orbit),
    "effective-rank": (
        effective_rank.EffectiveRank,
        effective_rank.read_effective_rank,
        effective_rank.write_effective_rank,
    ),
    "linear-network-identity": (
        linear_network_identities.LinearNetworkIdentity,
        linear_network_identities.read_identity,
        linear_network_identities.write_identity,
    ),
    "arcsine": (ArcsineClaim, read_arcsine, write_arcsine),
    "composition-property": (
        CompositionPropertyClaim,
        read_composition_property,
        write_composition_property,
    ),
    "proximal": (ProximalClaim, read_proximal, write_proximal),
    "quadratic": (QuadraticClaim, read_quadratic, write_quadratic),
    "kink-count": (line_networks.KinkCount, line_networks.read_kink_count, line_networks.write_kink_count),
    "uniform-distance": (line_networks.UniformDistance, line_networks.read_distance, line_networks.write_distance),
    "kinks-needed": (line_networks.KinksNeeded, line_networks.read_needed, line_networks.write_needed),
    "biases-stay-apart": (bias_flow.BiasesStayApart, bias_flow.read_apart, bias_flow.write_apart),
    "constant-steps-bound": (
        constant_step_cover.ConstantStepsBound,
        constant_step_cover.read_bound,
        constant_step_cover.write_bound,
    ),
    "schedule-bound": (schedule_cover.ScheduleBound, schedule_cover.read_bound, schedule_cover.write_bound),
    "maximal-margin": (maximal_margin.MaximalMargin, maximal_margin.read_margin, maximal_margin.write_margin),
    "schedule-property": (SchedulePropertyClaim, read_schedule_property, write_schedule_property),
    "straightforward": (StraightforwardClaim, read_straightforward, write_straightforward),
}
"""Kind in the file -> (type, reader, writer)."""
