"""Pictures of stepsize schedules and their certified rates (needs Matplotlib; writes four SVG files here)."""

import math
import sys
from itertools import pairwise

import pepkit
from pepkit.schedules import composition, constant_rates

try:
    from matplotlib.figure import Figure
except ImportError:
    print("this example draws with Matplotlib: pip install 'pepkit[plot]'")
    sys.exit(0)

EXPONENT = math.log2(1 + math.sqrt(2))


def rate(name, steps, mu=0.0):
    """Worst case of f(x_N) - f_* over L |x_0 - x_*|^2, or of |x_N - x_*|^2 over |x_0 - x_*|^2."""
    block = composition(name, steps, mu).weights(mu).block
    if block.kind == "closed":
        return block.weight**2
    return 1 / (4 * block.weight - 2) if block.kind == "s" else 1 / (2 * block.weight)


def accelerated(steps):
    """OGM, the exact minimax rate of first-order methods: 1/(2 theta_N^2)."""
    theta = 1.0
    for i in range(1, steps + 1):
        theta = (1 + math.sqrt(1 + (8 if i == steps else 4) * theta**2)) / 2
    return 1 / (2 * theta**2)


def save(figure, name):
    figure.savefig(name)
    print("wrote", name)


# the fractal: silver has the same pattern at every scale, OBS-F bends it towards its end
figure = Figure(figsize=(9, 5), layout="constrained")
for axes, name in zip(figure.subplots(2, 1), ("silver", "obs-f"), strict=True):
    steps = composition(name, 127).floats()
    axes.vlines(range(127), 1, steps, linewidth=1)
    axes.plot(range(127), steps, "o", markersize=2.5)
    axes.set_yscale("log", base=2)
    axes.set_title(f"{name}, N = 127")
save(figure, "fractal.svg")

# rates against N, with reference lines
figure = Figure(figsize=(7, 5), layout="constrained")
axes = figure.subplots()
counts = sorted({round(2 ** (k / 4)) for k in range(41)})
for name in ("obs-s", "obs-f", "teboulle-vaisbourd"):
    axes.loglog(counts, [rate(name, n) for n in counts], label=name)
powers = [2**k - 1 for k in range(1, 11)]
for name, marker in (("silver", "o"), ("right-heavy", "^")):
    axes.loglog(powers, [rate(name, n) for n in powers], marker, markersize=4, label=name)
axes.loglog(counts, [constant_rates(n, 1)[0].value for n in counts], label="constant h = 1")
axes.loglog(counts, [accelerated(n) for n in counts], "k--", label="OGM (minimax, with momentum)")
axes.set_xlabel("N")
axes.set_ylabel("(f(x_N) - f_*) / (L |x_0 - x_*|^2)")
axes.legend()
save(figure, "rates.svg")

# the exponent: local slopes of OBS-F against log2(1 + sqrt 2)
figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
counts = [2**k for k in range(1, 17)]
values = [rate("obs-f", n) for n in counts]
slopes = [math.log2(a / b) for a, b in pairwise(values)]
axes.semilogx(counts[1:], slopes, "o-", base=2, label="log2 of rate(N/2)/rate(N), OBS-F")
axes.axhline(EXPONENT, color="k", linestyle="--", label="log2(1 + sqrt 2)")
axes.set_xlabel("N")
axes.legend()
save(figure, "exponent.svg")
print(f"slope at N = 65536: {slopes[-1]:.5f}, log2(1 + sqrt 2) = {EXPONENT:.5f}")

# two phases of the strongly convex silver schedule: faster than linear in the exponent, then linear
figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for kappa in (100, 1000, 10000):
    counts = [2**k for k in range(13) if 2**k < 4 * kappa]
    exponents = [-math.log(rate("silver-strongly-convex", n, 1 / kappa)) / n for n in counts]
    axes.loglog(counts, exponents, "o-", base=2, label=f"kappa = {kappa}")
axes.set_xlabel("N")
axes.set_ylabel("-log(rate)/N")
axes.legend()
save(figure, "two-phases.svg")

result = pepkit.certify_composition(composition("obs-f", 65536))
print(f"OBS-F, N = 65536, proved by {len(result.certificate.claim.instructions)} joins:")
print(f"rate <= {float(result.rate.p) / float(result.rate.q):.12g}")
