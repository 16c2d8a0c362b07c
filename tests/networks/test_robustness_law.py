"""The law of robustness and the counterexample to couplings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flint import fmpq

from pepkit.kernel import ClaimError, check
from pepkit.networks.studies import coupling_study, robustness_law_study
from pepkit.networks.studies.couplings import coupled_inequality
from pepkit.networks.studies.robustness_law import fitted_exponent, mcshane_bound


def test_constants_lie_between_exact_numbers(tmp_path: Path) -> None:
    kept = {}
    study = robustness_law_study(
        (4, 12), points=12, dimension=4, samples=1, steps=800, tolerance=0.2, certificates=kept.__setitem__
    )
    assert len(study.rows) == len(kept) == 2
    for row, certificate in zip(study.rows, kept.values(), strict=True):
        _, _, _, _, _, upper, lower, enforced = row
        assert enforced <= lower <= upper
        theorem = check(certificate)
        assert (int(theorem.rate.p) / int(theorem.rate.q)) ** 0.5 == pytest.approx(upper)
        assert theorem.lower <= theorem.rate
        # the bound is nearly attained for one hidden layer
        assert lower >= 0.8 * upper
    study.save_csv(tmp_path / "law.csv")
    assert len((tmp_path / "law.csv").read_text().splitlines()) == 3
    assert study._repr_html_()


def test_the_fit_and_the_enforced_constant() -> None:
    assert fitted_exponent([1, 4, 9], [2, 4, 6]) == pytest.approx((0.5, 2.0))
    with pytest.raises(ClaimError, match="two or more"):
        fitted_exponent([2.0, 2.0], [1.0, 3.0])
    points = [(fmpq(0), fmpq(0)), (fmpq(3), fmpq(4)), (fmpq(0), fmpq(1))]
    assert mcshane_bound(points, [fmpq(1), fmpq(0), fmpq(-1)]) == 4
    with pytest.raises(ClaimError, match="equal"):
        mcshane_bound([points[0], points[0]], [fmpq(0), fmpq(1)])
    with pytest.raises(ClaimError, match="positive"):
        robustness_law_study((0,))


def test_networks_that_do_not_fit_are_left_out() -> None:
    study = robustness_law_study((1, 2), points=20, dimension=3, samples=1, steps=5)
    assert not any(row[4] for row in study.rows)
    assert "no exponent is fitted" in study.notes[-1]


def test_the_counterexample_to_couplings() -> None:
    assert coupled_inequality(fmpq(0), fmpq(1, 2))
    assert not coupled_inequality(fmpq(-1, 100), fmpq(1, 2))
    assert not coupled_inequality(fmpq(0), fmpq(1, 4))
    rows = {row[0]: row for row in coupling_study().rows}
    assert rows["LipSDP-Network"][2] == 0
    assert rows["linear pieces"][2] == rows["pair of inputs"][2] == 1
    assert 1 <= rows["LipSDP-Neuron"][2] <= fmpq(1_000_001, 1_000_000)
    assert "81 of 81" in coupling_study().notes[1]


def test_the_figure() -> None:
    pytest.importorskip("matplotlib")
    study = robustness_law_study((2, 6), points=8, dimension=2, samples=1, steps=600, tolerance=1.5)
    figure = study.figure()
    axes = figure.axes[0]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert np.isfinite(axes.get_xlim()).all()
