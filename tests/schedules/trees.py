"""Random trees of joins."""

from hypothesis import strategies as st

from pepkit.kernel.joins import EMPTY
from pepkit.schedules import Composer


def _part(draw, composer, kind, joins, promoted=False):
    """A part of this kind (s, f or g) with this number of joins; `promoted`: kind s may stand for kind f."""
    if joins == 0:
        return EMPTY
    left = draw(st.integers(0, joins - 1))
    kinds = {"s": "ss", "f": "sf", "g": "gs"}[kind]
    sizes = (left, joins - 1 - left)
    if kind == "f" and promoted and draw(st.booleans()):
        kinds = "ss"
    return composer.join(kind, *(_part(draw, composer, k, n, promoted) for k, n in zip(kinds, sizes, strict=True)))


@st.composite
def trees(draw, kinds="sfg", smallest=1, largest=7, promoted=False):
    """A composition of one of these kinds; ``c`` is a closed one, for mu > 0."""
    composer = Composer()
    kind = draw(st.sampled_from(kinds))
    joins = draw(st.integers(smallest, largest))
    if kind == "c":
        last = composer.join("close", _part(draw, composer, "s", joins - 1))
        if joins <= 3 and draw(st.booleans()):
            last = composer.join("then", last, composer.join("close", _part(draw, composer, "s", joins)))
    else:
        last = _part(draw, composer, kind, joins, promoted)
    return composer.finish(last)
