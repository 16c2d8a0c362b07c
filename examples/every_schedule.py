"""Which steps are best? Sharp rates of one schedule from above, bounds for every schedule from below.

    python examples/every_schedule.py

Smooth functions with curvature at least -kappa L, measured by the smallest squared gradient over f(x_0) - inf f.
"""

from __future__ import annotations

from fractions import Fraction

import pepkit
from pepkit.kernel import InitialCondition, Measure, check
from pepkit.schedules import composition


def decimal(value: object) -> str:
    return f"{float(Fraction(str(value))):.6f}"


# two different steps are better than any constant step below kappa = 0.1001; pepkit.schedule("growing", 2, mu=..) has
# the best ones, roots of polynomials, and these are close to them
growing = pepkit.certify_hypoconvex(["3/2", "8/5"], mu="-6/100")
if growing is None:
    raise SystemExit("no closed form")
print(growing.theorem)

# no schedule of two real steps does much better, whatever its steps are
cover = pepkit.certify_every_schedule(
    2,
    "0.3",
    mu="-6/100",
    measure=Measure.SMALLEST_GRADIENT_NORM,
    initial=InitialCondition.FUNCTION_VALUE,
)
print(check(cover))
print(
    f"{cover.provenance['boxes']} boxes of steps, {len(cover.functions)} functions, bound {decimal(cover.claim.bound)}"
)

# the same for convex functions and f(x_N) - f_*: OBS-F is the best schedule of two steps, but for 2 percent
best = pepkit.certify_composition(composition("obs-f", 2))
if best is not None:
    print(best.theorem)
print(check(pepkit.certify_every_schedule(2, "0.0647")))
