"""The named compositions: optimal splits, lengths, files of errors."""

import numpy as np
import pytest

from pepkit.kernel import ClaimError, check
from pepkit.schedules import chebyshev, composition, composition_names, composition_proof, schedule, tree
from pepkit.schedules.composition import _float_cubic
from pepkit.schedules.named import _balanced_weights, _strongly_convex_tables, anytime_ends, optimal_prefixes


def test_prefixes_of_obs_f_are_the_best_of_all():
    """The search near the last prefix misses nothing: all prefixes are compared, n <= 1500."""
    count = 1500
    best, leaves, tails = optimal_prefixes(count), _balanced_weights(count + 1), np.ones(count + 1)
    for n in range(1, count + 1):
        u, w = leaves[1 : n + 1], tails[:n][::-1]
        candidates = 2 * u + (w + np.sqrt(w * w + 8 * u * w)) / 2
        tails[n] = candidates.max()
        assert candidates[best[n]] >= tails[n] * (1 - 1e-15)
    assert best[1:13] == [0, 1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 7]


@pytest.mark.parametrize("mu", [0.1, 0.01, 0.001])
def test_splits_for_strongly_convex_functions(mu):
    """Every split and every prefix compared, n <= 40."""
    count = 40
    splits, prefixes = _strongly_convex_tables(count, mu, True)
    z, u = [mu], [1.0]

    def join(a, b):
        total = a + b - 2 * a * b
        return (total + (total * total + 4 * a * b) ** 0.5) / 2

    def tail(k, n):
        y = _float_cubic(mu, z[k], u[n - 1 - k])
        return u[n - 1 - k] * ((1 + y) * z[k] / ((1 - z[k]) * y)) ** 2

    for n in range(1, count + 1):
        best = max(join(z[k], z[n - 1 - k]) for k in range(n))
        z.append(join(z[splits[n]], z[n - 1 - splits[n]]))
        assert z[-1] >= best * (1 - 1e-15)
        best = max(tail(k, n) for k in range(n))
        u.append(tail(prefixes[n], n))
        assert u[-1] >= best * (1 - 1e-13)


def test_unbalanced_splits_win():
    """For mu > 0 balanced splits are not always the best: five joining steps, kappa = 10."""
    best = composition("sc-obs-s", 6, 0.1).weights(0.1).block.weight
    balanced = tree("close(obs-s(5))").weights(0.1).block.weight
    assert best < balanced * (1 - 1e-4)


@pytest.mark.parametrize("name", composition_names())
def test_every_named_composition_is_proved(name):
    curved = name in ("silver-strongly-convex", "sc-obs-s", "sc-obs-f")
    partial = name in ("anytime", "silver", "right-heavy", "left-heavy")
    proved = 0
    for steps in (1, 3, 7, 6, 8):
        try:
            found = composition(name, steps, 0.05 if curved else 0)
        except ClaimError as error:
            assert partial and "near: " in str(error)
            continue
        assert found.steps == steps == len(found.floats(0.05 if curved else 0))
        theorem = check(composition_proof(found, mu="1/20" if curved else 0))
        assert theorem.claim.field.sign(theorem.lower) > 0
        proved += 1
    assert proved == (2 if name == "anytime" else 3 if partial else 5)


def test_anytime_ends_where_a_block_ends():
    ends = anytime_ends()
    found = [next(ends)[0] for _ in range(8)]
    assert found == [2, 4, 6, 8, 12, 16, 20, 24]
    assert schedule("anytime", 5).floats() == schedule("anytime", 6).floats()[:5]
    assert schedule("anytime", 5).composition is None and schedule("anytime", 6).composition is not None


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9])
def test_chebyshev_steps(n):
    m = 0.1
    found = chebyshev(n, "1/10").floats()
    expected = [1 / ((1 + m) / 2 + (1 - m) / 2 * np.cos((2 * i - 1) * np.pi / (2 * n))) for i in range(1, n + 1)]
    assert found == pytest.approx(expected, rel=1e-12)
    # the residual polynomial prod(1 - h x) has its extremal property: equal ripples of height 1/T_n
    ripples = [np.prod([1 - h * x for h in found]) for x in np.linspace(m, 1, 4001)]
    assert np.abs(ripples).max() == pytest.approx(1 / np.cosh(n * np.arccosh((1 + m) / (1 - m))), rel=1e-6)


def test_arcsine_steps_equalise():
    """The mean of log|1 - h c| is about the same for every curvature c in [mu, 1]."""
    h = np.array(schedule("arcsine", 2000, mu="1/100", seed=3).floats())
    means = [np.log(np.abs(1 - h * c)).mean() for c in (0.01, 0.1, 0.5, 1.0)]
    assert means == pytest.approx([np.log(9 / 11)] * 4, abs=0.12)
    assert schedule("arcsine", 3, mu="1/10", seed=1).floats() != schedule("arcsine", 3, mu="1/10").floats()


def test_reversal_refuses_what_has_no_dual():
    with pytest.raises(ClaimError, match="no dual"):
        composition("silver-strongly-convex", 4, 0.1).reversed()
    with pytest.raises(ClaimError, match="no g-join"):
        tree("f(., s(., .))").reversed()
    forward = composition("obs-f", 20)
    assert forward.reversed().floats() == pytest.approx(forward.floats()[::-1], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends too early"),
        ("s(.", "ends too early"),
        ("s(., ., .)", "takes 2 operands"),
        ("q(3)", "no composition"),
        ("s(., .))", "expected"),
        ("silver(2)", "near: 1 or 3"),
        ("s(&, .)", "cannot read the tree at '&"),
        ("silver(s(., .))", "takes a number of steps"),
        (".", "at least one step"),
        ("5", "expected"),
        ("s(silver(0), .)" * 9000, "exceeds the limit"),
    ],
)
def test_unreadable_trees(text, message):
    with pytest.raises(ClaimError, match=message.replace("(", r"\(").replace(")", r"\)")):
        tree(text)


def test_optimised_splits_say_where_doubles_end():
    with pytest.raises(ClaimError, match="below 1e-26"):
        composition("sc-obs-s", 300, 0.2)
