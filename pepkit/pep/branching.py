"""Gradient descent with noise of finite support, as one performance estimation problem over all branches.

x_1 = x_0 - h_0 (g_0 + e_s) with probability 1/n for s = 1..n, where the e_s sum to zero and have the mean square
(1/n) sum |e_s|^2 <= r |x_0 - x_*|^2; the second step x_2 = x_1 - h_1 (g_1 + e') has fresh noise of zero mean and the
same bound. f is mu-strongly convex and 1-smooth. With V = r |x_0 - x_*|^2,

    E |x_2 - x_*|^2  <=  (1/n) sum_s |x_1^s - h_1 g_1^s - x_*|^2 + h_1^2 V,

and the claim bounds the right side by rate |x_0 - x_*|^2. One branch (n = 1, r = 0) is gradient descent without noise.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.kernel import ClaimError, Form, ListedClaim, Vector
from pepkit.kernel.claims import interpolation_conditions
from pepkit.kernel.numbers import RATIONALS

__all__ = ["two_noisy_steps"]


def two_noisy_steps(steps: tuple[Any, Any], mu: Any, noise: Any = 0, branches: int = 2) -> ListedClaim:
    """The question for two steps (rationals), curvature in [mu, 1], noise ratio r and `branches` values of the noise.

    Raises ClaimError unless 0 <= mu < 1, r >= 0 and there is at least one branch; one branch has r = 0.
    """
    coerce = RATIONALS.coerce
    h0, h1 = map(coerce, steps)
    mu, noise = coerce(mu), coerce(noise)
    if not 0 <= mu < 1 or noise < 0 or branches < 1:
        raise ClaimError("0 <= mu < 1, a noise ratio that is not negative, and at least one branch")
    if branches == 1 and noise:
        raise ClaimError("noise with one value and zero mean is zero")
    one = fmpq(1)
    vectors = [Vector("x_0 - x_*"), Vector("g_0")]
    # the last value of the noise is minus the sum of the others
    free = range(2, 2 + branches - 1)
    vectors += [Vector(f"e_{s}") for s in range(1, branches)]
    if branches > 1:
        vectors.append(Vector(f"e_{branches}", tuple((k, -one) for k in free)))
    values = list(range(2, 2 + branches)) if branches > 1 else []
    gradients, positions = [], []
    for s in range(branches):
        gradients.append(len(vectors))
        vectors.append(Vector(f"g_1^{s + 1}"))
    for s in range(branches):
        positions.append(len(vectors))
        terms = [(0, one), (1, -h0), *([(values[s], -h0)] if values else [])]
        vectors.append(Vector(f"x_1^{s + 1} - x_*", tuple(terms)))
    ends = []
    for s in range(branches):
        ends.append(len(vectors))
        vectors.append(Vector(f"x_2^{s + 1} - x_*", ((positions[s], one), (gradients[s], -h1))))
    points = [(0, 1, 0), *((positions[s], gradients[s], s + 1) for s in range(branches)), (None, None, None)]
    labels = ("x_0", *(f"x_1^{s + 1}" for s in range(branches)), "x_*")
    family = interpolation_conditions(mu, tuple(points), labels)
    inequalities = [
        (f"interpolation {labels[index[0]]}, {labels[index[1]]}", family.form(index)) for index in family.indices()
    ]
    share = one / branches
    if values:
        square: dict[tuple[int, int], Any] = {(k, k): -share for k in values}
        square[(0, 0)] = noise
        inequalities.append(("mean square of the noise", Form(square)))
    measure: dict[tuple[int, int], Any] = {(k, k): share for k in ends}
    if noise:
        measure[(0, 0)] = h1 * h1 * noise
    scalars = ("f_0", *(f"f_1^{s + 1}" for s in range(branches)))
    return ListedClaim(
        tuple(vectors), scalars, tuple(inequalities), (), (), Form(measure), Form({(0, 0): one}),
        title="two noisy steps of gradient descent",
    )  # fmt: skip
