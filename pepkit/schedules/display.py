"""Schedules in notebooks: name, steps, and a stem plot as inline SVG. Self-contained, no scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

__all__ = ["schedule_html"]

_SHOWN = 16
_DRAWN = 512
_WIDTH, _HEIGHT = 560.0, 130.0
_BOX = "border:1px solid #8884;border-radius:6px;padding:0.6em 0.9em;max-width:60em"


def schedule_html(
    title: str, description: str, count: int, total: float, texts: Sequence[str], steps: Sequence[float]
) -> str:
    """The HTML of a schedule.

    Parameters
    ----------
    title, description
        Plain text; it is escaped.
    count, total
        N and the sum of the steps, in units of 1/L.
    texts
        The first steps as they are to be listed.
    steps
        The first steps in floats, for the picture; empty for none.
    """
    listed = ", ".join(escape(text) for text in texts[:_SHOWN]) + (", &hellip;" if count > _SHOWN else "")
    picture = _stems(steps[:_DRAWN]) if steps and all(map(math.isfinite, steps)) else ""
    return (
        f'<div class="tex2jax_ignore" style="{_BOX}">'
        f"<b>{escape(title)}</b>, N = {count}, sum {total:.12g}<br><small>{escape(description)}</small>"
        f'<div style="margin:0.4em 0">h = {listed}</div>{picture}</div>'
    )


def _stems(steps: Sequence[float]) -> str:
    """Stems from zero, one for each step, the height linear; the dashed line is the step 2."""
    top = max(2.0, *steps)
    gap = _WIDTH / len(steps)
    radius = max(0.8, min(3.0, gap / 3))

    def level(value: float) -> float:
        return _HEIGHT - (_HEIGHT - 10) * max(value, 0.0) / top

    stems = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEIGHT:g}" y2="{level(h):.1f}" stroke="#1f5fa8"/>'
        f'<circle cx="{x:.1f}" cy="{level(h):.1f}" r="{radius:.1f}" fill="#1f5fa8"/>'
        for x, h in ((gap * (i + 0.5), h) for i, h in enumerate(steps))
    )
    y = f"{level(2):.1f}"
    two = f'<line x1="0" x2="{_WIDTH:g}" y1="{y}" y2="{y}" stroke="#b3322c" stroke-dasharray="4 3"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT + 2:g}" style="width:100%;max-width:{_WIDTH:g}px" role="img" '
        f'aria-label="stem plot of {len(steps)} steps">{two}{stems}</svg>'
    )
