"""From a question to a theorem: solve, recognise, round, check."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pepkit.algebra import exact, to_float
from pepkit.kernel import (
    Certificate,
    CertificateError,
    Claim,
    ClaimError,
    MethodClaim,
    UndecidedError,
    Witness,
    check,
)
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.witness import check_witness
from pepkit.pep.infimum_form import has_infimum_form
from pepkit.pep.pepit_import import is_pepit_problem
from pepkit.pep.worst_cases import WorstCase, worst_cases
from pepkit.relaxed_gradient import relaxed_gradient_certificate
from pepkit.result import CertificationError, Result
from pepkit.rounding import (
    MultiplierFamily,
    NumericalDual,
    RoundingError,
    RoundingSettings,
    SolveRequest,
    float_data,
    interior_dual,
    mix_duals,
    recognised_witnesses,
    relaxed_certificate,
    rounded_witness,
    sharp_certificate,
    solve_dual,
)
from pepkit.rounding.settings import silent

__all__ = ["CertificationError", "Result", "certify"]

Progress = Callable[[str, str], None]


class _Clock:
    """Wall times of named stages."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float, str]] = []

    @contextmanager
    def stage(self, name: str, note: str = "") -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.stages.append((name, time.perf_counter() - begin, note))


def certify(
    claim: Claim,
    *,
    mode: str = "auto",
    tolerance: float | str = 1e-6,
    solver: str = "auto",
    family: str | MultiplierFamily | Iterable[tuple[int, int]] = "auto",
    witness: bool = True,
    sympy: bool | str = "auto",
    progress: Progress | None = None,
    settings: RoundingSettings | None = None,
    **options: Any,
) -> Result:
    """Find, prove and check the worst-case rate of a claim.

    Parameters
    ----------
    claim
        A question such as ``pepkit.gradient_descent(pepkit.schedules.silver(7))``; a rate in it is ignored. Or a
        ``PEPit.PEP``, with the further `options` of `pepkit.pepit.certify_pepit`.
    mode
        ``"sharp"``: the exact worst case or an error. ``"relaxed"``: a rational rate within `tolerance`.
        ``"auto"``: sharp where the worst case is recognised, relaxed otherwise.
    tolerance
        Largest relative excess of a relaxed rate over the optimum.
    solver
        Name of a numerical solver, or ``"auto"``.
    family
        Multipliers to use: ``"auto"``, a name such as ``"dyadic-pivots"``, or a list of pairs.
    witness
        Whether to prove a lower bound as well.
    sympy
        Whether SymPy checks the certificate again; ``"auto"`` where that takes about a second.
    progress
        Called with (stage, detail).

    Returns
    -------
    Result

    Raises
    ------
    ClaimError
        For a claim or option that makes no sense.
    CertificationError
        If no certificate was found; it says what was tried.
    """
    if is_pepit_problem(claim):
        from pepkit.pepit import certify_pepit

        options |= {"mode": mode, "tolerance": tolerance, "solver": solver, "family": family, "witness": witness}
        return certify_pepit(claim, sympy=sympy, progress=progress, settings=settings, **options)
    if options:
        raise TypeError(f"certify() got options that a claim does not know: {', '.join(options)}")
    if mode not in ("auto", "sharp", "relaxed"):
        raise ClaimError(f"unknown mode {mode!r}; known are auto, sharp, relaxed")
    relative = _tolerance(tolerance)
    run = _Run(claim, relative, solver, family, progress or silent, settings or RoundingSettings())
    certificate = None
    if mode != "relaxed":
        certificate = run.sharp()
        if certificate is None and mode == "sharp":
            raise CertificationError(
                "no sharp certificate was found: the worst case was not recognised, or rounding on its face failed. "
                "Use --relaxed TOL (mode='relaxed') for a rational rate within a tolerance.",
                run.attempts,
            )
    if certificate is None:
        certificate = run.relaxed(witness)
    return run.finish(certificate, witness, sympy)


def _tolerance(value: float | str) -> float:
    number = exact(value)
    if not number.is_rational or not 0 < number.value < 1:
        raise ClaimError(f"the tolerance is a rational number between 0 and 1, not {value}")
    relative = float(Fraction(int(number.value.p), int(number.value.q)))
    if relative < 1e-11:
        raise ClaimError(f"a relative tolerance of {relative} is beyond double precision; the least is 1e-11")
    return relative


class _Run:
    """One certification: the state that its stages share."""

    def __init__(
        self,
        claim: Claim,
        tolerance: float,
        solver: str,
        family: Any,
        progress: Progress,
        settings: RoundingSettings,
    ) -> None:
        self.claim = claim
        self.tolerance = tolerance
        self.solver = solver
        self.family = family
        self.progress = progress
        self.settings = settings
        self.clock = _Clock()
        self.attempts: list[str] = []
        self.notes: list[str] = []
        self.dual: NumericalDual | None = None
        with self.clock.stage("state"):
            self.statement = claim.statement()
            self.cases: list[WorstCase] = worst_cases(claim) if isinstance(claim, MethodClaim) else []
        self._valid: dict[int, bool] = {}

    def float_of(self, value: Any) -> float:
        return to_float(self.statement.field, value)

    def valid(self, case: WorstCase) -> bool:
        """Whether the kernel accepts a candidate worst case."""
        key = id(case)
        if key not in self._valid:
            try:
                value = check_witness(self.statement, case.witness)
                self._valid[key] = bool(value == case.value)
            except (CertificateError, UndecidedError):
                self._valid[key] = False
        return self._valid[key]

    @property
    def exact_cases(self) -> bool:
        """Whether candidates can be worst cases exactly (not over fields that only enclose)."""
        return not isinstance(self.statement.field, RadicalField)

    def solve(self, gap_target: float | None, tolerance: float, start: Any = None) -> NumericalDual:
        best = next((c for c in self.cases if self.exact_cases and self.valid(c)), None)
        request = SolveRequest(self.solver, tolerance, gap_target, None if best is None else self.float_of(best.value))
        return solve_dual(self.claim, self.family, request, self.progress, start)

    def sharp(self) -> Certificate | None:
        """A sharp certificate, or None with the reason in `attempts`."""
        if not self.exact_cases:
            self.attempts.append("sharp: the steps lie in a tower of square roots of high degree")
            return None
        try:
            with self.clock.stage("solve"):
                self.dual = self.solve(None, 1e-10)
        except RoundingError as error:
            self.attempts.append(f"solve: {error}")
            return None
        dual = self.dual
        matching = self._matching(dual)
        if not matching:
            with self.clock.stage("recognise"):
                for found in recognised_witnesses(self.statement, dual) if isinstance(self.claim, MethodClaim) else ():
                    self._add_case(found)
                matching = self._matching(dual)
        if not matching:
            self.attempts.append("sharp: no exact worst case with the value of the numerical optimum was recognised")
            return None
        # all candidates of one value span the kernel; a float tie that is no exact tie is tried one by one
        groups = [[c for c in matching if c.value == matching[0].value]]
        groups += [[c] for c in matching if c.value == matching[0].value][: 1 if len(groups[0]) > 1 else 0]
        for group in groups:
            try:
                with self.clock.stage("round", f"sharp, {len(group)} worst case(s)"):
                    return sharp_certificate(
                        self.claim, dual, [c.witness for c in group], group[0].value, self.settings, self.progress
                    )
            except RoundingError as error:
                self.attempts.append(f"sharp with {', '.join(c.description for c in group)}: {error}")
        return None

    def _matching(self, dual: NumericalDual) -> list[WorstCase]:
        tolerance = self.settings.optimum_tolerance
        close = [c for c in self.cases if abs(self.float_of(c.value) - dual.rate) <= tolerance * abs(dual.rate) + 1e-13]
        # every valid case is a lower bound, so the largest is the best guess of the optimum
        return sorted((c for c in close if self.valid(c)), key=lambda c: -self.float_of(c.value))

    def _add_case(self, found: Witness) -> None:
        try:
            value = check_witness(self.statement, found)
        except (CertificateError, UndecidedError):
            return
        self.cases.insert(0, WorstCase("a recognised one-dimensional function", found, value))

    def relaxed(self, witness: bool) -> Certificate:
        """A relaxed certificate, or CertificationError."""
        if isinstance(self.claim, MethodClaim) and has_infimum_form(self.claim):
            return self._relaxed_gradient(self.claim)
        start = None if self.dual is None else dict(self.dual.data.selection)
        limit = 0.0
        failure: Exception | None = None
        for part in (0.25, 0.06):
            try:
                with self.clock.stage("solve", f"to gap {part * self.tolerance:.1e}"):
                    dual = self.solve(part * self.tolerance, min(1e-9, part * self.tolerance), start)
                self.dual = dual
                start = dict(dual.data.selection)
                limit = self._limit(dual)
                with self.clock.stage("round", "relaxed"):
                    return relaxed_certificate(self.claim, dual, limit, self.settings, self.progress)
            except RoundingError as error:
                self.attempts.append(f"relaxed: {error}")
                failure = error
            if self.dual is None:
                continue
            try:
                with self.clock.stage("round", "relaxed, mixed with an interior point"):
                    interior = interior_dual(self.dual, SolveRequest(self.solver), self.progress)
                    mixed = mix_duals(self.dual, interior, limit)
                    return relaxed_certificate(self.claim, mixed, limit, self.settings, self.progress)
            except RoundingError as error:
                self.attempts.append(f"relaxed, mixed with an interior point: {error}")
                failure = error
        raise CertificationError(
            f"no certificate within a relative excess of {self.tolerance:g} was found: {failure}. Try a larger "
            "tolerance (--relaxed 1e-4), another --solver, or --family all-pairs.",
            self.attempts,
        )

    def _relaxed_gradient(self, claim: MethodClaim) -> Certificate:
        """A relaxed certificate through the form of the claim whose dual has an interior."""
        try:
            with self.clock.stage("round", "relaxed, without the minimiser"):
                found = relaxed_gradient_certificate(claim, self.tolerance, self.solver, self.settings, self.progress)
        except RoundingError as error:
            self.attempts.append(f"relaxed, without the minimiser: {error}")
            raise CertificationError(f"no certificate was found: {error}", self.attempts) from None
        if self.dual is None:
            # the lower bound needs worst-case data of the claim itself
            with self.clock.stage("solve", "worst case"), suppress(RoundingError):
                self.dual = self.solve(None, 1e-9)
        return found

    def _limit(self, dual: NumericalDual) -> float:
        """The largest rate allowed: the optimum and the tolerance, or 1e-9 where the optimum is zero.

        A candidate worst case just below the numerical optimum is the better estimate of it.
        """
        optimum = max(dual.lower, 0.0) or dual.rate
        if abs(optimum) < 1e-9:
            return optimum + 1e-9
        near = [
            self.float_of(c.value)
            for c in self.cases
            if abs(self.float_of(c.value) - optimum) < 1e-4 * optimum and (not self.exact_cases or self.valid(c))
        ]
        # several candidates may be near; each is a lower bound, so the largest counts
        return min(optimum, max(near, default=optimum)) * (1 + self.tolerance)

    def finish(self, certificate: Certificate, witness: bool, sympy: bool | str) -> Result:
        """Attach the witness, check with all engines, assemble the result."""
        dual = self.dual
        if witness and certificate.witness is None:
            with self.clock.stage("witness"):
                certificate = replace(certificate, witness=self._witness())
        elif not witness:
            certificate = replace(certificate, witness=None)
        certificate = replace(certificate, provenance=self._provenance(certificate))
        with self.clock.stage("check", "kernel"):
            self.progress("check", "kernel")
            theorem = check(certificate)
        checked = ["kernel"]
        if self._wants_sympy(certificate, sympy):
            with self.clock.stage("check", "sympy"):
                self.progress("sympy", "second, independent check")
                if self._verified_with_sympy(certificate):
                    checked.append("sympy")
        optimum = None if dual is None else dual.rate if theorem.tight else max(dual.lower, 0.0) or dual.rate
        rate = self.float_of(theorem.rate)
        excess = 0.0 if theorem.tight or optimum is None else (rate - optimum) / abs(optimum) if optimum else rate
        if theorem.lower is None and witness:
            self.notes.append("no exact worst case was found, so no lower bound is proved")
        name = "none" if dual is None else dual.solution.solver
        return Result(
            certificate, theorem, theorem.tight, optimum, max(excess, 0.0), tuple(self.clock.stages), name,
            tuple(checked), tuple(self.notes),
        )  # fmt: skip

    def _witness(self) -> Witness | None:
        """The best lower bound at hand: an exact candidate, or rounded data near the worst case."""
        best = next((c for c in self.cases if self.exact_cases and self.valid(c)), None)
        dual = self.dual
        if dual is None or not isinstance(self.claim, MethodClaim):
            return None if best is None else best.witness
        target = dual.lower * (1 - 1e-9)
        if best is not None and self.float_of(best.value) >= target:
            return best.witness
        found: list[tuple[float, Witness]] = []
        if best is not None:
            found.append((self.float_of(best.value), best.witness))
        # where equalities are undecidable, candidates are good starting points all the same
        sources: list[Any] = [dual]
        if not self.exact_cases:
            sources = [c.witness for c in self.cases if self.float_of(c.value) > 0.999 * dual.lower][:2] + sources
        for source in sources:
            rounded = rounded_witness(self.claim, self.statement, float_data(self.statement, source), self.progress)
            if rounded is not None:
                value = self.float_of(check_witness(self.statement, rounded))
                found.append((value, rounded))
                if value >= dual.lower * (1 - 0.1 * self.tolerance):
                    break
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _wants_sympy(self, certificate: Certificate, sympy: bool | str) -> bool:
        if isinstance(sympy, bool):
            return sympy
        from pepkit.verification import estimated_seconds

        return estimated_seconds(certificate) <= 1.0

    def _verified_with_sympy(self, certificate: Certificate) -> bool:
        """Whether SymPy proves the certificate too; CertificationError if it disagrees with the kernel."""
        from pepkit.verification import NotSupportedError, VerificationError, verify_with_sympy

        try:
            verify_with_sympy(certificate)
        except NotSupportedError as error:
            self.notes.append(f"the check with SymPy does not cover this certificate: {error}")
            return False
        except VerificationError as error:
            raise CertificationError(
                f"the kernel accepts the certificate and SymPy rejects it ({error}); one of the two is wrong, "
                "so nothing is claimed. Please report this.",
                self.attempts,
            ) from None
        return True

    def _provenance(self, certificate: Certificate) -> dict[str, Any]:
        from pepkit import __version__

        data: dict[str, Any] = {"tool": f"pepkit {__version__}", "python": platform.python_version()}
        if self.dual is not None:
            solution = self.dual.solution
            data["solver"] = f"{solution.solver} {solution.version}".strip()
            data["numerical-optimum"] = repr(float(self.dual.rate))
            data["seconds"] = f"{sum(seconds for _, seconds, _ in self.clock.stages):.2f}"
        data.update({k: str(v) for k, v in certificate.provenance.items()})
        return data
