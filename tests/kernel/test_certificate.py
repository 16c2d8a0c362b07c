"""The check: what is accepted, what it says, and that nothing else decides."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq, fmpz
from helpers.certificates import (
    CUBIC,
    RADICALS,
    SQRT2,
    constant_step,
    everything,
    listed,
    nonconvex,
    radical,
    silver,
    strongly_convex,
)

import pepkit.kernel
from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    FormatError,
    Measure,
    NumberField,
    PepkitError,
    SmoothFunctionClass,
    Theorem,
    UndecidedError,
    Witness,
    check,
    digest,
)

ALL = everything()
KERNEL = Path(pepkit.kernel.__file__).parent


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_certificate_is_accepted(name: str) -> None:
    theorem = check(ALL[name])
    assert theorem.claim == ALL[name].claim
    assert theorem.rate == ALL[name].claim.rate
    assert theorem.tight == (name != "radical")
    if theorem.tight:
        assert theorem.lower == theorem.rate
    count = sum(map(len, ALL[name].multipliers.values()))
    assert theorem.checks[0] == f"{count} multipliers have the right sign"
    assert ("No smaller rate" in str(theorem)) == theorem.tight


def test_known_rates() -> None:
    root, theta = SQRT2.generator, CUBIC.generator
    assert check(constant_step(15)).rate == fmpq(1, 62)
    for k in range(1, 5):
        total = (1 + root) ** k - 1
        assert check(silver(k)).rate == 1 / (2 * (2 * total + 1))
        assert check(silver(k, Measure.GRADIENT_NORM)).rate == 1 / (1 + root) ** (2 * k)
    assert check(strongly_convex(3, fmpq(1, 3))).rate == fmpq(1, 2) ** 6
    assert check(strongly_convex(2, theta, CUBIC)).rate * (1 + theta) ** 4 == (1 - theta) ** 4
    assert check(nonconvex()).rate == fmpq(4, 5)
    assert check(listed()).rate == 4


def test_the_theorem_in_words() -> None:
    text = str(check(constant_step(3)))
    for part in (
        "L-smooth convex",
        "h = 1 (3 times)",
        "f(x_3) - f(x_*)",
        "1/14 * L * |x_0 - x_*|^2",
        "0.0714285714285714",
    ):
        assert part in text
    text = str(
        check(
            replace(constant_step(1), claim=replace(constant_step(1).claim, function_class=SmoothFunctionClass(0, 5)))
        )
    )
    assert "5-smooth convex" in text and "1/6 * 5 *" in text
    assert "infimum" in str(check(nonconvex())) and "not necessarily convex" in str(check(nonconvex()))
    assert "theta" in str(check(ALL["strongly-convex-cubic"]))
    assert "x**3 + x - 1 near 0.6823278038" in str(check(ALL["strongly-convex-cubic"]))
    assert "sqrt(2)" in str(check(silver(2)))
    assert "triangle inequality" in str(check(listed()))
    assert "The worst case is at least 0, proved" in str(check(radical()))


# ---- what is harmless ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_larger_rate_is_accepted_unless_a_kernel_vector_says_otherwise(name: str) -> None:
    certificate = ALL[name]
    for more in (fmpq(1, fmpz(10) ** 300), fmpq(1), fmpq(10**30)):
        larger = replace(certificate, claim=certificate.claim.with_rate(certificate.claim.rate + more))
        if name == "nonconvex":  # the normaliser is a function value, and no longer cancels
            with pytest.raises(CertificateError, match="does not cancel"):
                check(larger)
        elif certificate.kernel and not name.startswith("listed"):
            with pytest.raises(CertificateError, match="kernel"):
                check(larger)
            assert not check(replace(larger, kernel=())).tight
        else:
            assert check(larger).rate == larger.claim.rate


def test_without_hints_and_witness() -> None:
    for certificate in ALL.values():
        theorem = check(replace(certificate, kernel=(), witness=None))
        assert theorem.lower is None and not theorem.tight
        assert theorem.rate == certificate.claim.rate


def test_a_number_for_l_changes_the_claim_and_not_the_proof() -> None:
    for name, certificate in ALL.items():
        if name.startswith("listed"):
            continue
        claim = certificate.claim
        for smoothness in (fmpq(1), fmpq(7, 3), fmpq(1, fmpz(10) ** 100)):
            numeric = replace(
                certificate,
                claim=replace(claim, function_class=SmoothFunctionClass(claim.function_class.mu_over_L, smoothness)),
            )
            assert check(numeric).rate == claim.rate
            assert digest(numeric) != digest(certificate)


def test_zero_multipliers_and_provenance_do_not_matter() -> None:
    certificate = constant_step(2)
    values = dict(certificate.multipliers["interpolation"])
    values[3, 2] += 0
    values[0, 3] = fmpq(0)
    same = replace(certificate, multipliers={"interpolation": values}, provenance={"solver": "none"})
    assert check(same).tight
    assert digest(same) == digest(certificate)


def test_an_implied_certificate_is_accepted() -> None:
    """Adding Q_01 + Q_10 >= 0 to a definite residual by a little keeps it definite: multipliers are not unique."""
    certificate = radical()
    values = dict(certificate.multipliers["interpolation"])
    for index in ((0, 1), (1, 0)):
        values[index] = values[index] + fmpq(1, 10**6)
    assert check(replace(certificate, multipliers={"interpolation": values})).rate == fmpq(149, 2048)


# ---- what is refused -----------------------------------------------------------------------------


def test_a_question_is_no_theorem() -> None:
    with pytest.raises(ClaimError, match="states no rate"):
        check(replace(constant_step(1), claim=constant_step(1).claim.with_rate(None)))


@pytest.mark.parametrize("family", ["infimum", "smallest-gradient", "Interpolation", "", "inequalities"])
def test_families_of_other_claims(family: str) -> None:
    certificate = constant_step(1)
    with pytest.raises(FormatError):
        check(replace(certificate, multipliers={**certificate.multipliers, family: {(0,): fmpq(1)}}))


@pytest.mark.parametrize("index", [(), (0,), (0, 0), (0, 3), (3, 0), (-1, 0), (0, 1, 2)])
def test_indices_that_do_not_exist(index: tuple[int, ...]) -> None:
    values = {**constant_step(1).multipliers["interpolation"], index: fmpq(1)}
    with pytest.raises(FormatError):
        check(replace(constant_step(1), multipliers={"interpolation": values}))


@pytest.mark.parametrize("value", [True, 0.5, "1/2", None, (), ((fmpq(1),),), SQRT2.generator])
def test_multipliers_that_are_no_numbers_of_the_field(value: Any) -> None:
    values = {**constant_step(1).multipliers["interpolation"], (0, 1): value}
    with pytest.raises(PepkitError):
        check(replace(constant_step(1), multipliers={"interpolation": values}))


@pytest.mark.parametrize(
    "value",
    [
        fmpq(1), 1, None, "1", (), ((1,),), ((1, -1),), ((1, -1), (-1,)), ((1, -1), (1, 1)), ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((1, -1), (-1, 0.5)), ((1, -1), (-1, fmpq(999999, 10**6))), ((-1, 1), (1, -1)), ((1, -2), (0, 1)), ((1, 0), (-2, 1)), ((0, -1), (-1, 0)), (1, 1),
        ((1, -1), (-1, True)),
    ],
)  # fmt: skip
def test_matrix_multipliers(value: Any) -> None:
    certificate = listed()
    with pytest.raises(PepkitError):
        check(replace(certificate, multipliers={**certificate.multipliers, "matrix-inequalities": {(0,): value}}))


@pytest.mark.parametrize("exponent", [0, 30, 300, 5000])
def test_a_negative_multiplier_is_named(exponent: int) -> None:
    """Q_01 and Q_10 with multipliers +-tiny: function values cancel, only the sign is wrong."""
    tiny = fmpq(1, fmpz(10) ** exponent)
    certificate = strongly_convex(1, fmpq(1, 10))
    values = dict(certificate.multipliers["interpolation"])
    values[0, 1], values[1, 0] = tiny, tiny
    try:
        check(replace(certificate, multipliers={"interpolation": values}))
    except CertificateError as error:
        assert "negative pivot" in str(error) or "diagonal" in str(error)
    values[0, 1], values[1, 0] = -tiny, -tiny
    with pytest.raises(CertificateError, match=r"multiplier of interpolation inequality .* is negative"):
        check(replace(certificate, multipliers={"interpolation": values}))


def test_a_conjugate_proves_nothing() -> None:
    """The same data with theta = -sqrt 2."""
    other = NumberField([-2, 0, 1], (-2, -1))

    def conjugate(value: Any) -> Any:
        return other.coerce(0) + sum(
            (c * other.generator**k for k, c in enumerate(value.polynomial.coeffs())), other.zero
        )

    for name in ("silver-1", "silver-3"):
        certificate = ALL[name]
        claim = certificate.claim
        method = replace(claim.method, steps=tuple(map(conjugate, claim.method.steps)))
        values = {
            key: conjugate(SQRT2.coerce(value)) for key, value in certificate.multipliers["interpolation"].items()
        }
        with pytest.raises(CertificateError):
            check(
                replace(
                    certificate, claim=replace(claim, field=other, method=method, rate=conjugate(claim.rate), function_class=SmoothFunctionClass()),
                    multipliers={"interpolation": values}, witness=None,
                )
            )  # fmt: skip


def test_numbers_of_another_field_are_refused() -> None:
    certificate = ALL["silver-3"]
    values = dict.fromkeys(certificate.multipliers["interpolation"], RADICALS.nodes[0])
    with pytest.raises(ClaimError):
        check(replace(certificate, multipliers={"interpolation": values}))
    with pytest.raises(ClaimError):
        check(replace(certificate, witness=Witness(((CUBIC.generator,),) * 5, (CUBIC.one,) * 4)))
    with pytest.raises(ClaimError):
        check(replace(certificate, kernel=((CUBIC.generator,) * 5,)))


@pytest.mark.parametrize("exponent", [3, 30, 300])
def test_residuals_indefinite_by_a_hair(exponent: int) -> None:
    """The rate lowered by 10^-exponent, with and without hints, in every field and with singular residuals."""
    tiny = fmpq(1, fmpz(10) ** exponent)
    for name, certificate in ALL.items():
        if name == "radical":
            continue
        lower = certificate.claim.with_rate(certificate.claim.rate - tiny)
        for variant in (replace(certificate, claim=lower), replace(certificate, claim=lower, witness=None),
                        replace(certificate, claim=lower, witness=None, kernel=())):  # fmt: skip
            with pytest.raises(CertificateError) as caught:
                check(variant)
            assert not isinstance(caught.value, UndecidedError)
            assert "report this" not in str(caught.value)


def test_the_radical_certificate_has_a_limit() -> None:
    certificate = radical()
    lower = replace(certificate, claim=certificate.claim.with_rate(fmpq(145, 2048)))  # below 0.07111...
    with pytest.raises(CertificateError) as caught:
        check(lower)
    assert not isinstance(caught.value, UndecidedError)


# ---- the kernel as a whole -----------------------------------------------------------------------


def test_eight_threads_agree() -> None:
    """Fresh fields, so that the caches of all threads fill at the same time."""
    shared = NumberField([1, -4, 0, 0, 0, 1], (0, 1))
    certificates = [strongly_convex(2, shared.generator, shared), silver(3), constant_step(4), listed(), radical()]
    expected = [check(c).rate for c in certificates]
    fresh = NumberField([1, -4, 0, 0, 0, 1], (0, 1))
    certificates[0] = strongly_convex(2, fresh.generator, fresh)

    def job(k: int) -> list[Any]:
        signs = [fresh.sign(fresh.generator * 2 ** (50 * j + k) - 2 ** (50 * j + k) / fmpq(4)) for j in range(8)]
        assert signs == [1] * 8  # theta = 0.25024...
        order = [(k + j) % len(certificates) for j in range(len(certificates))]
        results = {i: check(certificates[i]).rate for i in order}
        return [results[i] for i in range(len(certificates))]

    with ThreadPoolExecutor(8) as pool:
        for rates in pool.map(job, range(24)):
            assert rates == expected


def test_the_kernel_imports_flint_and_the_standard_library_only() -> None:
    script = """
import sys
import flint
before = set(sys.modules)
import pepkit.kernel
names = {name.partition('.')[0] for name in set(sys.modules) - before}
others = sorted(name for name in names if name not in sys.stdlib_module_names and name not in ('pepkit', 'flint'))
inside = sorted(name for name in sys.modules if name.startswith('pepkit.') and not name.startswith('pepkit.kernel'))
print(others, inside)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    # the hook for PEPit is registered by `import pepkit`, standard library only, and used by nothing in the kernel
    assert result.stdout.strip() == "[] ['pepkit._pepit_registration']"


def sources() -> list[tuple[str, ast.Module]]:
    return [(path.name, ast.parse(path.read_text())) for path in sorted(KERNEL.glob("**/*.py"))]


def test_no_floats_in_the_kernel() -> None:
    """No float literal, no float(), no floating mathematics. Decimal serves the text of `rationals.approximate_text` only."""
    found = []
    for name, tree in sources():
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
                found.append((name, line, repr(node.value)))
            if isinstance(node, ast.Name) and node.id in {"float", "complex", "round", "eval", "exec"}:
                found.append((name, line, node.id))
            if isinstance(node, ast.ImportFrom) and node.module == "math":
                found += [(name, line, a.name) for a in node.names if a.name not in {"comb", "gcd", "isqrt", "lcm"}]
            if isinstance(node, ast.Import):
                found += [(name, line, a.name) for a in node.names if a.name in {"math", "numpy", "pickle", "random"}]
            if isinstance(node, ast.Attribute) and node.attr in {"Decimal", "arb", "random"}:
                found.append((name, line, node.attr))
    assert found == []
    using_decimal = {
        (name, function.name)
        for name, tree in sources()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id in {"Decimal", "Context"}
    }
    assert using_decimal <= {("rationals.py", "approximate_text")}


def test_approximate_text_decides_nothing() -> None:
    """Only functions that make text call it."""
    callers = {
        function.name
        for _, tree in sources()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "approximate_text"
    }
    assert callers == {"generator_text", "text"}


def test_the_kernel_does_not_rely_on_assertions() -> None:
    """`python -O` removes them."""
    assert [(name, n.lineno) for name, tree in sources() for n in ast.walk(tree) if isinstance(n, ast.Assert)] == []
    script = """
import sys
sys.path.insert(0, 'tests')
from dataclasses import replace
from flint import fmpq
from helpers.certificates import everything
from pepkit.kernel import PepkitError, check
for name, c in everything().items():
    check(c)
    try:
        check(replace(c, claim=c.claim.with_rate(c.claim.rate * fmpq(9, 10))))
    except PepkitError:
        continue
    raise SystemExit(name)
print('ok')
"""
    result = subprocess.run(
        [sys.executable, "-O", "-c", script], capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert result.stdout.strip() == "ok", result.stderr


def test_rationals_are_one_field() -> None:
    assert type(RATIONALS)() == RATIONALS
    assert hash(type(RATIONALS)()) == hash(RATIONALS)


def test_only_proofs_of_known_kinds_are_heard() -> None:
    """An object that calls itself a proof makes no theorem."""
    honest = constant_step(1)

    class Pretender:
        claim = honest.claim
        provenance = ()

        def prove(self) -> Any:
            return check(honest)

    for impostor in (Pretender(), None, "proof", {"claim": honest.claim}):
        with pytest.raises(FormatError, match="knows no proofs"):
            check(impostor)  # type: ignore[arg-type]


def test_only_the_check_makes_theorems() -> None:
    """No constructor, no replacement, no copy, no pickle: a theorem exists because the kernel checked."""
    theorem = check(constant_step(1))
    with pytest.raises(TypeError, match="makes theorems"):
        Theorem(theorem.claim, fmpq(0), fmpq(0), True, theorem.checks)
    with pytest.raises(TypeError, match="makes theorems"):
        dataclasses.replace(theorem, rate=fmpq(0))
    for forbidden in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="move its certificate"):
            forbidden(theorem)
    with pytest.raises(dataclasses.FrozenInstanceError):
        theorem.rate = fmpq(0)
