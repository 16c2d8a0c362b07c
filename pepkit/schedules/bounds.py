"""Bounds that hold for whole schedules or classes of them, as rigorous enclosures (L = 1).

Values are balls of python-flint (`arb`), so every digit that they print is proved once the formula is. Rates of
function values are over |x_0 - x_*|^2; papers that use half of it have twice these numbers.

Lower bounds hold for gradient descent with any non-negative steps on smooth convex functions:

- *Huber*: a function that is linear as long as the iterates go, 1/(2(2H+1)), H the sum of the steps;
- *quadratic*: x^2/2, prod (1-h_i)^2 / 2;
- *Ma-Chen* (2608.10418) and *Jung-Cho-Yun* (2609.04032): products over chosen long steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import flint
from flint import arb, fmpq

from pepkit.kernel import ClaimError, Field

__all__ = [
    "SILVER_EXPONENT",
    "BestSums",
    "best_sums",
    "enclose",
    "enclose_all",
    "huber_bound",
    "jung_cho_yun_bound",
    "ma_chen_bound",
    "quadratic_bound",
    "working_precision",
]

PRECISION = 192
"""Bits of all enclosures."""
SILVER_EXPONENT = 1.2715533031636127
"""log_2(1 + sqrt 2), rounded; for floats and pictures."""
_ALL_SPLITS = 256
"""Up to this many steps the balanced split of s-composable schedules is not assumed but checked."""
_MA_CHEN_LIMIT = 400
_JUNG_LIMIT = 4096

MEASURES = ("function-value", "gradient-norm", "gradient-norm-from-distance")


def working_precision() -> Any:
    """A context in which balls are computed with `PRECISION` bits."""
    return flint.ctx.workprec(PRECISION)


def enclose(field: Field, value: Any) -> arb:
    """A ball around an exact number."""
    with working_precision():
        low, high = field.scaled_enclosure(value, PRECISION)
        middle, radius = arb(low + high) / 2, arb(high - low) / 2
        return arb(middle, radius) / arb(2) ** PRECISION


def enclose_all(field: Field, values: Sequence[Any]) -> list[arb]:
    """Balls around exact numbers."""
    return [enclose(field, value) for value in values]


@dataclass(frozen=True)
class BestSums:
    """The best sums in the composition classes of Grimmer, Shu, Wang 2410.16249 for a number of steps.

    Attributes
    ----------
    primitive
        1 + H of OBS-S, the largest of all basic s-composable schedules.
    tail
        2H + 1 of OBS-F and OBS-G, the largest of all basic f- and g-composable schedules.
    """

    steps: int
    primitive: arb
    tail: arb

    def rate(self, measure: str) -> arb:
        """The best rate of the class: OBS-F, OBS-G, OBS-S for the three measures."""
        with working_precision():
            if measure == "function-value":
                return 1 / (2 * self.tail)
            if measure == "gradient-norm":
                return 2 / self.tail
            return 1 / (self.primitive * self.primitive)


@lru_cache(maxsize=4)
def _tables(steps: int) -> tuple[tuple[arb, ...], tuple[arb, ...]]:
    with working_precision():
        leaves = [arb(0), arb(1)]
        for n in range(2, steps + 2):
            left = range(1, n // 2 + 1) if n <= _ALL_SPLITS + 1 else (n // 2,)
            # K is symmetric, so half of the splits is enough
            leaves.append(_largest([_primitive_join(leaves[m], leaves[n - m]) for m in left]))
        tails = [arb(1)]
        for n in range(1, steps + 1):
            tails.append(_largest([_tail_join(leaves[m + 1], tails[n - 1 - m]) for m in range(n)]))
        return tuple(leaves), tuple(tails)


def best_sums(steps: int) -> BestSums:
    """Dynamic programming over all join trees, in ball arithmetic.

    Beyond 256 steps the optimal split of s-composable schedules is taken as balanced (a theorem, 2609.11788).
    """
    if not 0 <= steps <= 2048:
        raise ClaimError(f"best sums are tabulated for at most 2048 steps, not {steps}")
    # powers of two, so that the table is computed once for many lengths
    size = 1 << max(4, (steps - 1).bit_length() if steps else 4)
    leaves, tails = _tables(size)
    return BestSums(steps, leaves[steps + 1], tails[steps])


def _largest(values: Sequence[arb]) -> arb:
    best = values[0]
    for value in values[1:]:
        best = best.max(value)
    return best


def _primitive_join(a: arb, b: arb) -> arb:
    return (a + b + (a * a + 6 * a * b + b * b).sqrt()) / 2


def _tail_join(u: arb, w: arb) -> arb:
    return 2 * u + (w + (w * w + 8 * u * w).sqrt()) / 2


def huber_bound(total: arb, measure: str = "function-value") -> arb:
    """What a long linear function attains for steps >= 0 of this sum: no worst case is smaller."""
    with working_precision():
        if measure == "function-value":
            return 1 / (2 * (2 * total + 1))
        if measure == "gradient-norm":
            return 2 / (2 * total + 1)
        return 1 / ((total + 1) * (total + 1))


def quadratic_bound(steps: Sequence[arb], measure: str = "function-value") -> arb:
    """What x^2/2 attains."""
    with working_precision():
        product = arb(1)
        for h in steps:
            product = product * (1 - h) * (1 - h)
        return product * {"function-value": arb(fmpq(1, 2)), "gradient-norm": arb(2)}.get(measure, arb(1))


def ma_chen_bound(steps: Sequence[arb]) -> arb | None:
    """The functional of Ma and Chen (2608.10418), maximised over the choices of long steps; None if too many.

    With chosen long steps h_{t_1}, .., h_{t_q} > 1 and sums S_i of the steps strictly between consecutive choices,
    twice the rate is at least

        1/(S_q + h_{t_q} + 2 S_{q+1} + 1)  prod_{i<q} (S_{i+1} + h_{t_{i+1}})/(S_i + h_{t_i} + S_{i+1} + h_{t_{i+1}})
                                           prod_i (h_{t_i} - 1)/(S_i + 1).
    """
    with working_precision():
        sums = _partial_sums(steps)
        long = [k for k, h in enumerate(steps) if h > 1]
        if len(long) > _MA_CHEN_LIMIT:
            return None
        best = huber_bound(sums[-1]) * 2
        # the last choice and the sum before it are the state: (previous choice or -1, last choice) -> product
        reached: dict[int, list[tuple[arb, arb]]] = {}
        for position, k in enumerate(long):
            options = [(sums[k], (steps[k] - 1) / (sums[k] + 1))]
            for p in long[:position]:
                between = sums[k] - sums[p + 1]
                factor = (steps[k] - 1) / (between + 1) * (between + steps[k])
                values = [product * factor / (before + steps[p] + between + steps[k]) for before, product in reached[p]]
                options.append((between, _largest(values)))
            reached[k] = options
            after = sums[-1] - sums[k + 1]
            for before, product in options:
                best = best.max(product / (before + steps[k] + 2 * after + 1))
        return best / 2


def jung_cho_yun_bound(steps: Sequence[arb]) -> arb | None:
    """Fact 2.1 of Jung, Cho, Yun (2609.04032), maximised over the choices; None beyond 4096 steps.

    Twice the rate is at least 1/(4(1 + s_{k+1})) prod_i (b_i/(2(2 + s_i)))^2, where b_i are chosen steps and s_i the
    sums between them.
    """
    if len(steps) > _JUNG_LIMIT:
        return None
    with working_precision():
        sums = _partial_sums(steps)
        value = 1 / (4 * (1 + sums[-1]))
        best: list[arb] = []
        for k, h in enumerate(steps):
            options = [(h / (2 * (2 + sums[k]))) ** 2]
            options += [best[p] * (h / (2 * (2 + sums[k] - sums[p + 1]))) ** 2 for p in range(k)]
            best.append(_largest(options))
            value = value.max(best[k] / (4 * (1 + sums[-1] - sums[k + 1])))
        return value / 2


def _partial_sums(steps: Sequence[arb]) -> list[arb]:
    sums = [arb(0)]
    for h in steps:
        sums.append(sums[-1] + h)
    return sums
