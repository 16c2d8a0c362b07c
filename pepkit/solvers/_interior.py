"""The iteration of the structured interior-point method, on a reduced and scaled problem.

Notation: S_b is the iterate for F_b(y) and Z_b its inverse, mu the mean complementarity. A step solves

    A_b(dy) - dS_b = S_b - F_b(y),     E dy = e - E y,
    E^T df + ds + sum_b A_b^*(dX_b) = c - E^T f - s - sum_b A_b^*(X_b),
    ds_k = sigma mu / y_k - s_k - (s_k / y_k) dy_k,
    dX_b = sigma mu Z_b - X_b - sym(X_b dS_b Z_b)       (the HKM direction),

which reduces to ``(M + diag(s/y)) dy - E^T df = right``, ``E dy = e - E y`` with M_kl = sum_b <F_bk, X_b F_bl Z_b>.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg as linalg

from pepkit.solvers._kkt import KKTSystem
from pepkit.solvers._lowrank import LowRankBlock
from pepkit.solvers._reduction import Dual
from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.solution import Status

__all__ = ["InteriorPoint", "Iterate"]

SHORTEST_STEP = 1e-7
"""Two successive steps shorter than this end the iteration."""

PATIENCE = 12
"""Iterations without a better iterate after which double precision is taken to be exhausted."""

END_PHASE = 1e-3
"""Below this largest residual only a smaller one counts as progress."""

CERTIFICATE_TOLERANCE = 1e-9
"""Relative residual at which a diverging iterate counts as a certificate of infeasibility or unboundedness."""

REFINEMENT_STEPS = 3
"""Corrections of a step against its own stationarity."""

FEASIBILITY_FLOOR = 1e-12
"""With a gap target, the equalities must hold to this relative accuracy: rounding repairs them afterwards."""


@dataclass(frozen=True, eq=False)
class Iterate:
    """y, the matrices S_b, and the dual triple; with their relative residuals once measured."""

    y: np.ndarray
    matrices: tuple[np.ndarray, ...]
    gram: tuple[np.ndarray, ...]
    slack: np.ndarray
    potential: np.ndarray
    primal: float = np.inf
    dual_residual: float = np.inf
    gap: float = np.inf

    @property
    def dual(self) -> Dual:
        """(X, s, f)."""
        return self.gram, self.slack, self.potential

    @property
    def merit(self) -> float:
        """The largest residual."""
        return max(self.primal, self.dual_residual, self.gap)


@dataclass(frozen=True, eq=False)
class _Direction:
    y: np.ndarray
    potential: np.ndarray
    slack: np.ndarray
    matrices: list[np.ndarray]
    gram: list[np.ndarray]


class InteriorPoint:
    """Runs the iteration; afterwards `best` and `status` hold the answer.

    Parameters
    ----------
    problem
        A problem with independent equalities whose free variables all occur in a block.
    tolerance, gap_target, centrality
        See `pepkit.solvers.structured.StructuredSettings`.
    constant
        Number to add to the objective (from eliminated variables) before a gap is called relative.
    """

    def __init__(
        self,
        problem: ConicProblem,
        *,
        tolerance: float,
        gap_target: float | None = None,
        centrality: float = 0.1,
        constant: float = 0.0,
    ) -> None:
        self.problem = problem
        self.tolerance, self.gap_target, self.centrality = tolerance, gap_target, centrality
        self.constant = constant
        self.signed = np.flatnonzero(problem.nonnegative)
        self.factors = [LowRankBlock(block) for block in problem.blocks]
        self.degree = self.signed.size + sum(block.order for block in problem.blocks)
        self.status = Status.NUMERICAL_ERROR
        self.best = self.current = self._start()
        self.log = ""

    def _start(self) -> Iterate:
        """y = 1 (0 where free), S a multiple of the identity that dominates F(y), X and s the identity."""
        problem = self.problem
        y = problem.nonnegative.astype(float)
        matrices, gram = [], []
        for index, block in enumerate(problem.blocks):
            size = float(np.abs(np.linalg.eigvalsh(problem.matrix(index, y))).max())
            matrices.append(max(1.0, size) * np.eye(block.order))
            gram.append(np.eye(block.order))
        slack = problem.nonnegative.astype(float)
        return Iterate(y, tuple(matrices), tuple(gram), slack, np.zeros(problem.equalities))

    def run(self, max_iterations: int, deadline: float) -> Iterator[tuple[int, float, float]]:
        """Iterate; yields (iteration, objective, relative gap) before each step."""
        best_at = short = 0
        smallest = np.inf
        for iteration in range(max_iterations + 1):
            self._measure()
            yield iteration, float(self.problem.objective @ self.current.y) + self.constant, self.current.gap
            if self.current.merit < 0.9 * self.best.merit:
                self.best, best_at = self.current, iteration
            if self.mu < 0.9 * smallest and self.best.merit > END_PHASE:
                # Far from the end a relative gap may stay near one for long while the iterates do get closer.
                smallest, best_at = self.mu, iteration
            decided = self._decide()
            if decided is not None:
                self.best, self.status = self.current, decided
                return
            if iteration == max_iterations or time.perf_counter() > deadline:
                self.status = Status.ITERATION_LIMIT if iteration == max_iterations else Status.TIME_LIMIT
                return
            if iteration - best_at > PATIENCE or short >= 2:
                break
            try:
                length = self._step()
            except np.linalg.LinAlgError:
                break
            short = short + 1 if length < SHORTEST_STEP else 0
        self.status = Status.NEARLY_OPTIMAL

    # ---------------------------------------------------------------- residuals and decisions

    def _measure(self) -> None:
        """Residuals of the current iterate, and its relative measures."""
        problem, at = self.problem, self.current
        weights = np.append(at.y, 1.0)
        self.values = [block.evaluate(weights) for block in problem.blocks]
        self.matrix_residuals = [value - matrix for value, matrix in zip(self.values, at.matrices, strict=True)]
        self.equality_residual = problem.equality_rhs - problem.equality_matrix @ at.y
        image = problem.equality_matrix.T @ at.potential + at.slack
        dual_objective = float(at.potential @ problem.equality_rhs)
        dual_size = max(float(np.abs(problem.objective).max()), float(np.abs(image).max()))
        complementarity = float(at.slack[self.signed] @ at.y[self.signed])
        primal = _relative(
            self.equality_residual, np.append(abs(problem.equality_matrix) @ np.abs(at.y), np.abs(problem.equality_rhs))
        )
        for block, gram, matrix, residual, size in zip(
            problem.blocks, at.gram, at.matrices, self.matrix_residuals, problem.block_sizes(at.y), strict=True
        ):
            products = block.pair_with(gram, problem.variables)
            image = image + products[:-1]
            dual_objective -= float(products[-1])
            dual_size = max(dual_size, float(np.abs(products).max()))
            complementarity += float(np.vdot(gram, matrix))
            primal = max(primal, float(np.abs(residual).max()) / max(size, float(np.abs(matrix).max())))
        self.image = image
        self.stationarity = problem.objective - image
        self.objective, self.dual_objective = float(problem.objective @ at.y), dual_objective
        self.mu = complementarity / self.degree
        unit = max(
            abs(self.objective + self.constant),
            abs(dual_objective + self.constant),
            problem.smallest_unit(at.y),
            np.finfo(float).tiny,
        )
        self.unit = unit
        self.current = replace(
            at,
            primal=primal,
            dual_residual=float(np.abs(self.stationarity).max()) / dual_size,
            # The complementarity takes part so that a lucky agreement of infeasible values is not taken for the end.
            gap=max(abs(self.objective - dual_objective), complementarity if primal < 1 else np.inf) / unit,
        )

    def _decide(self) -> Status | None:
        """The final status if the current iterate settles the problem."""
        at = self.current
        if not np.isfinite(self.objective + self.dual_objective):
            return None
        if self.gap_target is not None:
            near = max(at.gap, at.dual_residual) <= self.gap_target and at.primal <= FEASIBILITY_FLOOR
            if near and self._is_centred():
                return Status.OPTIMAL
        elif at.merit <= self.tolerance:
            return Status.OPTIMAL
        if self.dual_objective > 0:
            proof = np.abs(self.image).max() / self.dual_objective
            if proof <= CERTIFICATE_TOLERANCE:
                return Status.INFEASIBLE
        if self.objective < 0:
            violation = float(np.abs(self.problem.equality_matrix @ at.y).max(initial=0.0))
            for index, residual in enumerate(self.matrix_residuals):
                violation = max(violation, float(np.abs(residual - self.problem.offset(index)).max()))
            if violation <= CERTIFICATE_TOLERANCE * -self.objective:
                return Status.UNBOUNDED
        return None

    def _is_centred(self) -> bool:
        """Whether y is strictly feasible and every complementarity product is near the mean."""
        at = self.current
        if np.any(at.y[self.signed] * at.slack[self.signed] < self.centrality * self.mu):
            return False
        for value, gram in zip(self.values, at.gram, strict=True):
            try:
                factor = linalg.cholesky(value, lower=True)
            except np.linalg.LinAlgError:
                return False
            if np.linalg.eigvalsh(factor.T @ gram @ factor)[0] < self.centrality * self.mu:
                return False
        return True

    # ---------------------------------------------------------------- one step

    def _step(self) -> float:
        """Predictor and corrector; returns the shorter of the two step lengths."""
        at = self.current
        identity = [np.eye(block.order) for block in self.problem.blocks]
        self.cholesky = [linalg.cholesky(matrix, lower=True) for matrix in at.matrices]
        self.gram_cholesky = [linalg.cholesky(gram, lower=True) for gram in at.gram]
        self.inverses = [
            _symmetric(linalg.cho_solve((factor, True), one))
            for factor, one in zip(self.cholesky, identity, strict=True)
        ]
        ratio = at.slack[self.signed] / at.y[self.signed]
        self.system = KKTSystem(self._schur_complement(ratio), self.problem.equality_matrix)
        predictor = self._direction(0.0, None)
        primal, dual = self._lengths(predictor, 1.0)
        sigma = self._centring(primal, dual, self._mean_after(predictor, primal, dual))
        direction = self._direction(sigma, predictor)
        fraction = 0.9 + 0.09 * min(primal, dual)
        primal, dual = self._lengths(direction, fraction)
        residuals = f"residuals {at.primal:.0e} {at.dual_residual:.0e}"
        self.log = f"mu {self.mu:.1e}  sigma {sigma:.1e}  steps {primal:.2g} {dual:.2g}  {residuals}"
        self.current = Iterate(
            y=at.y + primal * direction.y,
            matrices=tuple(
                _symmetric(matrix + primal * change)
                for matrix, change in zip(at.matrices, direction.matrices, strict=True)
            ),
            gram=tuple(_symmetric(gram + dual * change) for gram, change in zip(at.gram, direction.gram, strict=True)),
            slack=at.slack + dual * direction.slack,
            potential=at.potential + dual * direction.potential,
        )
        return min(primal, dual)

    def _schur_complement(self, diagonal: np.ndarray) -> np.ndarray:
        """sum_b <F_bk, X_b F_bl Z_b>, plus a diagonal on the variables that may not be negative."""
        count = self.problem.variables
        matrix = np.zeros((count, count))
        for factors, gram, inverse in zip(self.factors, self.current.gram, self.inverses, strict=True):
            part = factors.schur(gram, inverse)
            if factors.variables.size == count:
                position = np.argsort(factors.variables)
                matrix += part[np.ix_(position, position)]
            else:
                matrix[np.ix_(factors.variables, factors.variables)] += part
        matrix[self.signed, self.signed] += diagonal
        return matrix

    def _direction(self, sigma: float, predictor: _Direction | None) -> _Direction:
        """The step towards complementarity sigma * mu, with Mehrotra's second-order term after a predictor.

        The products X dS Z cancel more and more as S approaches the boundary, and what they lose violates the
        stationarity. So the step is refined against the stationarity of the step itself: a correction is small,
        and so is the rounding in its own products.
        """
        problem, at, signed = self.problem, self.current, self.signed
        target = sigma * self.mu
        slack_term = np.zeros(problem.variables)
        slack_term[signed] = target / at.y[signed] - at.slack[signed]
        if predictor is not None:
            slack_term[signed] -= predictor.slack[signed] * predictor.y[signed] / at.y[signed]
        right = slack_term - self.stationarity
        bases = []
        for index, (block, gram, inverse, residual) in enumerate(
            zip(problem.blocks, at.gram, self.inverses, self.matrix_residuals, strict=True)
        ):
            basis = target * inverse - gram - _symmetric(gram @ residual @ inverse)
            if predictor is not None:
                basis -= _symmetric(predictor.gram[index] @ predictor.matrices[index] @ inverse)
            bases.append(basis)
            right += block.pair_with(basis, problem.variables)[:-1]
        dy, potential = self.system.solve(right, self.equality_residual)
        if not np.isfinite(dy).all():
            raise np.linalg.LinAlgError("the step is not finite")
        slack = slack_term.copy()
        slack[signed] -= at.slack[signed] / at.y[signed] * dy[signed]
        grams = [basis - part for basis, part in zip(bases, self._products(dy), strict=True)]
        smallest = np.inf
        for _ in range(REFINEMENT_STEPS):
            error = self.stationarity - problem.equality_matrix.T @ potential - slack
            for block, gram in zip(problem.blocks, grams, strict=True):
                error -= block.pair_with(gram, problem.variables)[:-1]
            size = float(np.abs(error).max())
            if not size < 0.5 * smallest:
                break
            smallest = size
            more, extra = self.system.solve(-error, self.equality_residual - problem.equality_matrix @ dy)
            dy, potential = dy + more, potential + extra
            slack[signed] -= at.slack[signed] / at.y[signed] * more[signed]
            grams = [gram - part for gram, part in zip(grams, self._products(more), strict=True)]
        weights = np.append(dy, 0.0)
        matrices = [
            block.evaluate(weights) + residual
            for block, residual in zip(problem.blocks, self.matrix_residuals, strict=True)
        ]
        return _Direction(dy, potential, slack, matrices, grams)

    def _products(self, y: np.ndarray) -> list[np.ndarray]:
        """sym(X_b A_b(y) Z_b) for every block."""
        weights = np.append(y, 0.0)
        return [
            _symmetric(gram @ block.evaluate(weights) @ inverse)
            for block, gram, inverse in zip(self.problem.blocks, self.current.gram, self.inverses, strict=True)
        ]

    def _lengths(self, direction: _Direction, fraction: float) -> tuple[float, float]:
        """Primal and dual step: this fraction of the way to the boundary of the cone, at most 1."""
        at, signed = self.current, self.signed
        primal = _ray(at.y[signed], direction.y[signed])
        dual = _ray(at.slack[signed], direction.slack[signed])
        for factor, change in zip(self.cholesky, direction.matrices, strict=True):
            primal = min(primal, _matrix_ray(factor, change))
        for factor, change in zip(self.gram_cholesky, direction.gram, strict=True):
            dual = min(dual, _matrix_ray(factor, change))
        return min(1.0, fraction * primal), min(1.0, fraction * dual)

    def _mean_after(self, direction: _Direction, primal: float, dual: float) -> float:
        """Mean complementarity after a step of the given lengths."""
        at, signed = self.current, self.signed
        total = (at.slack + dual * direction.slack)[signed] @ (at.y + primal * direction.y)[signed]
        for gram, gram_change, matrix, change in zip(
            at.gram, direction.gram, at.matrices, direction.matrices, strict=True
        ):
            total += np.vdot(gram + dual * gram_change, matrix + primal * change)
        return float(total) / self.degree

    def _centring(self, primal: float, dual: float, mean: float) -> float:
        """Mehrotra's sigma, with more centring where the predictor was short and never far below the target."""
        shortest = min(primal, dual)
        if shortest < 0.1:
            sigma = 0.8
        elif shortest < 0.3:
            sigma = 0.3
        else:
            sigma = min(0.95, max(1e-3, (max(mean, 0.0) / self.mu) ** 2))
        if self.gap_target is not None:
            wanted = 0.5 * self.gap_target * self.unit / self.degree
            sigma = min(1.0, max(sigma, wanted / self.mu))
        return sigma


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return 0.5 * (matrix + matrix.T)


def _relative(part: np.ndarray, whole: np.ndarray) -> float:
    """max|part| / max|whole|, 0 for 0/0."""
    size = float(np.abs(part).max(initial=0.0))
    return size / max(float(np.abs(whole).max(initial=0.0)), np.finfo(float).tiny) if size else 0.0


def _ray(values: np.ndarray, change: np.ndarray) -> float:
    """Largest step that keeps values + step * change nonnegative."""
    falling = change < 0
    return float(np.min(-values[falling] / change[falling], initial=np.inf))


def _matrix_ray(factor: np.ndarray, change: np.ndarray) -> float:
    """Largest step that keeps L L^T + step * change PSD, for the Cholesky factor L."""
    half = linalg.solve_triangular(factor, change, lower=True, check_finite=False)
    whole = linalg.solve_triangular(factor, half.T, lower=True, check_finite=False)
    smallest = linalg.eigh(_symmetric(whole), eigvals_only=True, subset_by_index=[0, 0], check_finite=False)[0]
    return float(-1.0 / smallest) if smallest < 0 else np.inf
