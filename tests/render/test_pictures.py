"""The pictures draw what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from pepkit.render.pictures import exponent_picture, rate_picture, save_picture, stem_picture
from pepkit.schedules import obs_f, silver


def test_stems(tmp_path: Path) -> None:
    figure = stem_picture([silver(15), obs_f(15)])
    line = figure.axes[0].lines[0]
    assert list(line.get_ydata()) == pytest.approx(silver(15).floats())
    save_picture(figure, tmp_path / "stems.png")
    assert (tmp_path / "stems.png").stat().st_size > 5000


def test_rates_and_exponents() -> None:
    (ax,) = rate_picture(16, [(2, 0.0659)], "certified").axes
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines["OBS-F"].get_ydata())[2] == pytest.approx(0.0428932188, rel=1e-8)
    assert list(lines["OGM (optimal with momentum)"].get_ydata())[1] == pytest.approx(0.06189418239776, rel=1e-10)
    assert list(lines["optimal constant step"].get_ydata())[1] == pytest.approx(0.0673553223, rel=1e-8)
    assert list(lines["dynamic short steps"].get_ydata())[1] == pytest.approx(0.0711147443, rel=1e-8)
    above, _ = exponent_picture(64).axes
    fit = next(line for line in above.lines if line.get_label() == "fit to 1..N")
    assert list(fit.get_ydata())[46] == pytest.approx(1.1898, abs=2e-4)
