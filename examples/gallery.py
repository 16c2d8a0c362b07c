"""The picture gallery: run ``python examples/gallery.py`` (needs matplotlib); pictures go to examples/gallery/.

- schedules.png: silver and OBS-F as stem plots, the same pattern on every scale;
- rates.png: worst cases against N, with the certified rates of the branch-and-bound schedules where they are there;
- exponents.png: what exponent one fits to OBS-F, and the constant in front;
- phases.png: the two phases of the strongly convex silver schedule.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pepkit.kernel import MethodClaim, load
from pepkit.kernel.words import decimal_text
from pepkit.render.pictures import exponent_picture, phase_picture, rate_picture, save_picture, stem_picture
from pepkit.schedules import obs_f, silver


def certified_rates(folder: Path) -> list[tuple[int, float]]:
    """(N, rate) of all certificates in a folder of `pepkit reproduce bnb-pep`."""
    points = []
    for path in sorted(folder.glob("*.json")):
        claim = load(path).claim
        if isinstance(claim, MethodClaim):
            points.append((claim.steps, float(decimal_text(claim.field, claim.rate))))
    return points


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    save_picture(stem_picture([silver(63), obs_f(63)]), target / "schedules.png")
    points = certified_rates(Path(__file__).parents[1] / "certificates" / "published" / "bnb-pep")
    save_picture(rate_picture(64, points, "BnB-PEP schedules, certified"), target / "rates.png")
    save_picture(exponent_picture(512), target / "exponents.png")
    save_picture(phase_picture(), target / "phases.png")
    for path in sorted(target.glob("*.png")):
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "gallery")
