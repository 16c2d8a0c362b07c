"""Certified methods on random functions of their class and on the worst-case functions of their witnesses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.algebra import to_float
from pepkit.kernel import Measure
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.schedules_under_test import CertifiedMethod, certified_methods
from pepkit.labs.store import Work
from pepkit.simulate.accelerated import descent as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.descent import allowance, run_method
from pepkit.simulate.functions import FunctionBatch, members
from pepkit.simulate.random_functions import hypoconvex_batches, random_batches
from pepkit.simulate.sizes import check_sizes
from pepkit.simulate.worst_case import interpolant
from pepkit.studies import Study

__all__ = ["confirmed", "exact_run", "float_run", "gradient_descent", "random_runs"]

WRONG_BY = 1e-6
"""Relative change of a rate that the experiment must notice."""
_RUNS = {"numpy": run_method, "jax": compiled.run_method}
NEAREST = 1e-4
"""Smallest distance to a rate that the picture shows."""


@lab(
    "gradient-descent",
    "Certified rates against random functions and worst cases",
    quick={"functions": 600},
    full={"functions": 10_000},
)
def gradient_descent(
    *,
    functions: int = 10_000,
    certificates: str = "certificates",
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Every method of the catalogue on `functions` random functions, and on the function of its witness.

    The random functions run on the `backend` numpy or jax; a run above its allowance on JAX counts if it is above it on
    NumPy too. The worst cases are exact on both.
    """
    require_backend(backend)
    check_sizes(functions=functions)
    work = work or Work()
    methods = list(certified_methods(certificates, work))
    rows: list[tuple[Any, ...]] = []
    exceeded = 0
    largest_allowance = 0.0
    for method in methods:
        found = work.piece(
            {"study": "random", "method": method.name, "functions": functions, "backend": backend, "seed": seed},
            partial(random_runs, method, functions, seed, backend=backend, progress=work.say),
        )
        for entry in found:
            rows.append((method.name, method.steps, entry["family"], entry["functions"], method.rate, entry["ratio"],
                         entry["excess"], entry["allowance"], entry["exceeded"]))  # fmt: skip
            exceeded += entry["exceeded"]
            largest_allowance = max(largest_allowance, entry["allowance"])
    runs = sum(row[3] for row in rows)
    worst, worst_findings = _worst_cases(methods, work)
    caught = sum(row[-1] == "yes" for row in worst.rows)
    attained = sum(row[-1] != "" for row in worst.rows)
    findings = [
        Finding(
            f"no certified rate is exceeded in {runs} runs of {len(methods)} methods on {functions} functions each, "
            f"beyond the bound of the rounding errors of each run (median at most {largest_allowance:.1e} of the rate)",
            exceeded == 0,
        ),
        *worst_findings,
        Finding(f"a rate that is too small by {WRONG_BY:g} is caught on {caught} of {attained} worst cases",
                caught == attained),
    ]  # fmt: skip
    return LabResult(
        _ABOUT,
        {"random-functions": _random_study(rows), "distance-to-rate": _distance(rows), "worst-cases": worst},
        {},
        tuple(findings),
    )


_ABOUT = """
A certificate says how large the measure of a method can be on any function of its class. Here every method of the
catalogue runs on random members of the class: quadratics with given spectra, sums of Huber functions along random
directions, logistic regression with soft labels, log-sum-exp, Moreau envelopes of maxima of affine functions, and least
interpolants of random data (for mu < 0 sums of 1 - cos). Starts have norms from 10^-2 to 10^2.

*Rounding.* The certificate is an identity: rate x initial - measure = sum of multipliers x interpolation inequalities
+ a square. For a run in floats the inequalities hold up to the errors of values and gradients, which each family
bounds, and the recursion holds exactly for recomputed points. So the measure can pass the rate by the sum of
multipliers times these errors, and by no more: no assumption on how errors grow along the run enters. The table states
the bound of each row relative to the rate.

*Worst cases.* The witness of a tight certificate is data in one dimension; they determine a least function of the class
(for mu < 0 a largest one). The method runs on that function with exact numbers, where it must attain the rate exactly,
and with floats.
"""


def random_runs(
    method: CertifiedMethod,
    functions: int,
    seed: int,
    rate: float | None = None,
    backend: str = "numpy",
    progress: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """The method on random functions, one entry a family.

    `ratio` is the largest measure/(rate * initial), `excess` the largest (measure - rate * initial)/(rate * initial) in
    units of the allowance of that run, `exceeded` the number of runs above their allowance. The functions and starts
    are the same on both backends. Runs above their allowance on JAX are made again on NumPy and count if they are above
    it there. `progress` is called with words before every family.
    """
    rate = method.rate if rate is None else rate
    batches = (hypoconvex_batches if method.mu < 0 else random_batches)(functions, method.mu, seed)
    found = []
    for name, batch in batches:
        if progress is not None:
            progress(f"{method.name}: {batch.size} functions, {name}")
        generator = np.random.default_rng([seed, batch.dimension])
        start = generator.standard_normal((batch.size, batch.dimension))
        start /= np.linalg.norm(start, axis=1, keepdims=True)
        start *= 10 ** generator.uniform(-2, 2, (batch.size, 1))
        initial, excess, allowed = _excesses(method, batch, start, rate, backend)
        above = np.flatnonzero(excess > allowed)
        if backend != "numpy" and above.size:
            above = confirmed(method, batch, start, rate, above)
        usable = initial > 0
        relative = np.where(usable, excess / np.where(usable, initial, 1), -1.0)
        size = np.where(usable, allowed / np.where(usable, initial, 1), 0.0)
        found.append(
            {
                "family": name,
                "functions": batch.size,
                "ratio": float(1 + relative.max()),
                # flat functions have neither excess nor allowance
                "excess": float((excess / np.maximum(allowed, 1e-300)).max()),
                "allowance": float(np.median(size)),
                "exceeded": int(above.size),
            }
        )
    return found


def confirmed(
    method: CertifiedMethod,
    batch: FunctionBatch,
    start: NDArray[np.float64],
    rate: float,
    places: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Those of the runs at `places` that are above their allowance on NumPy."""
    _, excess, allowed = _excesses(method, members(batch, places), start[places], rate, "numpy")
    return places[excess > allowed]


def _excesses(
    method: CertifiedMethod, batch: FunctionBatch, start: NDArray[np.float64], rate: float, backend: str
) -> tuple[NDArray[np.float64], ...]:
    """rate * initial, measure - rate * initial and the allowance of every run."""
    run = _RUNS[backend](batch, method.matrix, start, method.gradient_descent)
    initial = rate * run.initial(method.initial)
    allowed = allowance(run, batch.dimension, method.measure, method.initial, rate, method.multipliers, method.mu)
    return initial, run.measure(method.measure) - initial, allowed


def _random_study(rows: list[tuple[Any, ...]]) -> Study:
    return Study(
        "Largest measure on random functions, relative to the certified rate",
        ("method", "N", "family", "functions", "rate", "largest measure / (rate x initial)",
         "largest excess / allowance", "allowance / (rate x initial), median", "runs above the allowance"),
        tuple(rows),
        ("A ratio of 1 is the certified worst case. An excess of at most 1 allowance is rounding.",),
    )  # fmt: skip


def _distance(rows: list[tuple[Any, ...]]) -> Study:
    """1 - largest ratio along N for the families of schedules with several N."""
    table = []
    curves = []
    for prefix, label in (
        ("constant-1", "constant step 1"), ("optimal-constant", "optimal constant"), ("silver", "silver"),
        ("obs-s", "OBS-S"), ("obs-f", "OBS-F"),
    ):  # fmt: skip
        best: dict[int, tuple[float, str]] = {}
        for row in rows:
            if row[0].startswith(f"{prefix}-N") and row[5] > best.get(row[1], (-1.0, ""))[0]:
                best[row[1]] = (row[5], row[2])
        counts = sorted(best)
        table += [(label, n, best[n][0], best[n][1]) for n in counts]
        curves.append((label, tuple(float(n) for n in counts), tuple(max(1 - best[n][0], NEAREST) for n in counts)))
    return Study(
        "Distance of the worst random function to the certified rate",
        ("schedule", "N", "largest measure / (rate x initial)", "family"),
        tuple(table),
        (
            "The worst cases of optimal constant steps are quadratics, which are among the random functions; values "
            "below "
            f"{NEAREST:g} are drawn there. Other worst cases are Huber functions with one certain threshold.",
        ),
        tuple(curves),
        ("number of steps N", "1 - largest measure / (rate x initial)"),
        ("log", "log"),
    )


def exact_run(method: CertifiedMethod) -> tuple[bool, Any] | None:
    """Whether the method, run exactly on the function of its witness, has measure = rate * initial; and the measure.

    None without a one-dimensional witness.
    """
    data = method.witness_data()
    if data is None:
        return None
    claim = method.claim
    field = claim.field
    points, gradients, values = _run(method, data, claim.field.coerce, field.sign)
    if claim.has_minimiser:
        function = interpolant(*data, claim.function_class.mu_over_L, field.sign)
        if any(function(field.coerce(0))):
            # the data were no data of a function with minimum 0 at 0
            return False, None
    measure = _measure(claim.measure, points, gradients, values, field.sign)
    initial = {"distance": points[0] * points[0], "function-value": values[0],
               "gradient-norm": gradients[0] * gradients[0]}[method.initial]  # fmt: skip
    return not (measure - claim.rate * initial), measure


def float_run(method: CertifiedMethod) -> float | None:
    """(measure - rate * initial)/(rate * initial) of the same run in floats."""
    data = method.witness_data()
    if data is None:
        return None
    field = method.claim.field
    rounded = tuple([to_float(field, a) for a in part] for part in data)

    def sign(a: float) -> int:
        return 0 if abs(a) < 1e-13 else 1 if a > 0 else -1

    points, gradients, values = _run(method, rounded, float, sign, exact=False)
    measure = _measure(method.claim.measure, points, gradients, values, sign)
    initial = {"distance": points[0] ** 2, "function-value": values[0], "gradient-norm": gradients[0] ** 2}
    bound = method.rate * initial[method.initial]
    return float((measure - bound) / bound)


def _run(method: CertifiedMethod, data: Any, coerce: Any, sign: Any, exact: bool = True) -> tuple[Any, Any, Any]:
    claim = method.claim
    mu = claim.function_class.mu_over_L if exact else method.mu
    function = interpolant(data[0], data[1], data[2], coerce(mu), sign, method.mu < 0)
    points, gradients, values = [data[0][0]], [], []
    for i in range(method.steps + 1):
        value, gradient = function(points[-1])
        values.append(value)
        gradients.append(gradient)
        if i == method.steps:
            break
        if method.gradient_descent:
            step = claim.method.steps[i] if exact else method.matrix[i, i]  # type: ignore[union-attr]
            points.append(points[-1] - step * gradient)
        else:
            row = claim.method.matrix[i] if exact else method.matrix[i, : i + 1]  # type: ignore[union-attr]
            point = points[0]
            for h, g in zip(row, gradients, strict=True):
                point = point - h * g
            points.append(point)
    return points, gradients, values


def _measure(measure: Measure, points: Any, gradients: Any, values: Any, sign: Any) -> Any:
    if measure is Measure.FUNCTION_VALUE:
        return values[-1]
    if measure is Measure.DISTANCE:
        return points[-1] * points[-1]
    if measure is Measure.GRADIENT_NORM:
        return gradients[-1] * gradients[-1]
    smallest = gradients[0] * gradients[0]
    for g in gradients[1:]:
        if sign(g * g - smallest) < 0:
            smallest = g * g
    return smallest


def _worst_cases(methods: list[CertifiedMethod], work: Work) -> tuple[Study, list[Finding]]:
    rows: list[tuple[Any, ...]] = []
    errors: list[float] = []
    exact_all = True
    for method in methods:
        work.say(f"worst case of {method.name}")
        exact = exact_run(method)
        if exact is None or not method.certificate.witness:
            continue
        theorem_tight = exact[0]
        error = float_run(method)
        if error is None:
            continue
        if method.name.startswith("obs-f-relaxed"):
            # a relaxed rate lies above what its witness attains
            rows.append((method.name, method.steps, method.rate, "no, relaxed", error, ""))
            continue
        exact_all &= theorem_tight
        errors.append(abs(error))
        wrong = error + WRONG_BY > 1e-9
        rows.append((method.name, method.steps, method.rate, "yes" if theorem_tight else "NO", error,
                     "yes" if wrong else "NO"))  # fmt: skip
    study = Study(
        "The worst-case functions of the witnesses",
        ("method", "N", "rate", "attained exactly", "relative error in floats", f"rate smaller by {WRONG_BY:g} caught"),
        tuple(rows),
        ("The functions are exact interpolants in one dimension; 'attained exactly' is an equality of exact numbers.",),
    )
    findings = [
        Finding(f"exact runs attain the certified rate exactly on {len(errors)} worst-case functions", exact_all),
        Finding(f"runs in floats attain it to {max(errors):.1e}", max(errors) < 1e-8),
    ]
    return study, findings
