"""Claims and theorems in words. Everything that decides the meaning is said: class, method, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpz

from pepkit.kernel.claims import Claim, GradientDescent, InitialCondition, ListedClaim, Measure, MethodClaim
from pepkit.kernel.composition import CompositionClaim
from pepkit.kernel.numbers import Field, NumberField
from pepkit.kernel.patterns import StraightforwardClaim, pattern_sentence
from pepkit.kernel.rationals import factor_text
from pepkit.kernel.schedule_properties import SchedulePropertyClaim, property_sentence

__all__ = [
    "class_text",
    "composition_text",
    "decimal_text",
    "initial_text",
    "measure_text",
    "method_text",
    "rate_text",
    "sentence",
]

_MEASURE = {
    Measure.FUNCTION_VALUE: "f(x_{N}) - f(x_*)",
    Measure.GRADIENT_NORM: "|grad f(x_{N})|^2",
    Measure.SMALLEST_GRADIENT_NORM: "min_(i<={N}) |grad f(x_i)|^2",
    Measure.DISTANCE: "|x_{N} - x_*|^2",
}
_INITIAL = {
    InitialCondition.DISTANCE: "|x_0 - x_*|^2",
    InitialCondition.FUNCTION_VALUE: "(f(x_0) - f(x_*))",
    InitialCondition.GRADIENT_NORM: "|grad f(x_0)|^2",
}


def decimal_text(number_field: Field, value: Any, digits: int = 15, down: bool = False) -> str:
    """The value rounded to `digits` significant decimals, by exact arithmetic; with `down` never above the value."""
    sign = 0
    bits = 64
    low = high = 0
    while bits <= 1 << 16:
        low, high = number_field.scaled_enclosure(value, bits)
        if low > 0 or high < 0 or (low == high == 0):
            sign = (low > 0) - (high < 0)
            if sign == 0 or abs(low).bit_length() > 4 * digits + 16:
                break
        bits *= 2
    if sign == 0:
        return "0"
    magnitude = abs(low + high) // 2 if not down else abs(low)
    exponent = len(str(fmpz(magnitude >> bits))) - 1 if magnitude >> bits else -1
    while exponent < 0 and magnitude * 10**-exponent < 1 << bits:
        exponent -= 1
    shift = digits - 1 - exponent
    scaled, divisor = magnitude * 10 ** max(shift, 0), 10 ** max(-shift, 0) << bits
    up = divisor // 2 if not down else divisor - 1 if sign < 0 else 0
    text = str(fmpz((scaled + up) // divisor))
    if len(text) > digits:
        text, exponent = text[:digits], exponent + 1
    minus = "-" if sign < 0 else ""
    if -5 <= exponent < digits:
        if exponent < 0:
            body = "0." + "0" * (-exponent - 1) + text
        else:
            body = text[: exponent + 1] + "." + text[exponent + 1 :]
        body = body.rstrip("0").rstrip(".")
        return minus + body
    mantissa = (text[0] + "." + text[1:]).rstrip("0").rstrip(".")
    return f"{minus}{mantissa}e{exponent}"


def class_text(claim: MethodClaim | CompositionClaim) -> str:
    """The function class, such as ``L-smooth convex``."""
    number_field, cls = claim.field, claim.function_class
    smoothness = _smoothness_text(claim)
    sign = number_field.sign(cls.mu_over_L)
    if sign == 0:
        return f"{smoothness}-smooth convex"
    if number_field.sign(cls.mu_over_L + 1) == 0:
        return f"{smoothness}-smooth (not necessarily convex)"
    curvature = _times(number_field.text(abs_value(number_field, cls.mu_over_L)), smoothness)
    if sign > 0:
        return f"{smoothness}-smooth and mu-strongly convex (mu = {curvature})"
    return f"{smoothness}-smooth and hypoconvex (f + ({curvature}/2)|x|^2 is convex)"


def _smoothness_text(claim: MethodClaim | CompositionClaim, divisor: bool = False) -> str:
    """L, or its value, beside a factor or below a line."""
    L = claim.function_class.L
    return "L" if L is None else factor_text(claim.field.text(L), divisor)


def abs_value(number_field: Field, value: Any) -> Any:
    """|value|."""
    return -value if number_field.sign(value) < 0 else value


def _times(factor: str, unit: str) -> str:
    return unit if factor == "1" else f"{factor_text(factor)}*{unit}"


def method_text(claim: MethodClaim | CompositionClaim, limit: int = 12) -> str:
    """The method with its exact steps; long schedules show their beginning and their length."""
    text = readable(claim.field)
    smoothness = _smoothness_text(claim, divisor=True)
    if isinstance(claim, CompositionClaim):
        return (
            f"gradient descent x_(i+1) = x_i - (h_i/{smoothness}) grad f(x_i) with the {claim.steps} steps of the "
            f"composition {composition_text(claim)}"
        )
    if isinstance(claim.method, GradientDescent):
        steps = claim.method.steps
        # the numbers themselves: different ones can have the same first decimals
        if all(h == steps[0] for h in steps):
            listed = f"h = {text(steps[0])}" + (f" ({len(steps)} times)" if len(steps) > 1 else "")
        else:
            shown = ", ".join(text(h) for h in steps[:limit])
            listed = f"h = ({shown}" + (f", ... {len(steps)} steps)" if len(steps) > limit else ")")
        return f"gradient descent x_(i+1) = x_i - (h_i/{smoothness}) grad f(x_i), {listed}"
    rows = claim.method.matrix
    listed = "; ".join("(" + ", ".join(text(h) for h in row) + ")" for row in rows[:4])
    if len(rows) > 4:
        listed += f"; ... {len(rows)} rows"
    return f"the fixed-step method x_i = x_0 - (1/{smoothness}) sum_(k<i) h_ik grad f(x_k), h = [{listed}]"


def composition_text(claim: Any, limit: int = 100) -> str:
    """The tree of a claim, such as ``s(s(., .), .)`` with ``.`` for no steps, or the number of its joins."""
    texts: list[str] = []
    for kind, *operands in claim.instructions:
        text = f"{kind}({', '.join('.' if isinstance(operand, str) else texts[operand] for operand in operands)})"
        if len(text) > limit:
            return f"of {len(claim.instructions)} joins that the certificate lists"
        texts.append(text)
    return texts[-1]


def readable(number_field: Field, limit: int = 60) -> Callable[[Any], str]:
    """Exact text of numbers, shortened to decimals (with dots) where it would be longer than `limit`."""

    def text(value: Any) -> str:
        exact = number_field.text(value)
        return exact if len(exact) <= limit else decimal_text(number_field, value) + "..."

    return text


def measure_text(claim: MethodClaim | CompositionClaim) -> str:
    """The performance measure with N filled in."""
    return _MEASURE[claim.measure].format(N=claim.steps)


def initial_text(claim: MethodClaim | CompositionClaim) -> str:
    """The normalisation."""
    return _INITIAL[claim.initial]


def rate_text(claim: MethodClaim | CompositionClaim, value: Any) -> str:
    """The value with its power of L, such as ``1/6*L``."""
    text = factor_text(claim.field.text(value))
    power = claim.power_of_L
    if power == 0:
        return text
    if abs(power) == 1:
        unit = _smoothness_text(claim, divisor=power < 0)
    else:
        unit = f"{_smoothness_text(claim, divisor=True)}^{abs(power)}"
    return f"{text} * {unit}" if power > 0 else f"{text} / {unit}"


def sentence(claim: Claim, lower: Any = None, tight: bool = False) -> str:
    """The theorem in words, and what theta is where it occurs in them."""
    words = _sentence(claim, lower, tight)
    number_field = getattr(claim, "field", None)
    if isinstance(number_field, NumberField) and number_field.degree > 2 and "theta" in words:
        words += f"\nHere theta is the {number_field.generator_text()}."
    return words


def _sentence(claim: Claim, lower: Any, tight: bool) -> str:
    if isinstance(claim, ListedClaim):
        return _listed_sentence(claim, lower, tight)
    if isinstance(claim, StraightforwardClaim):
        return pattern_sentence(claim)
    if isinstance(claim, SchedulePropertyClaim):
        return property_sentence(claim)
    if not isinstance(claim, (MethodClaim, CompositionClaim)):
        # other claims know their own words
        own = getattr(claim, "sentence", None)
        return str(own(lower, tight)) if own is not None else repr(claim)
    kind = "a minimiser x_*" if claim.has_minimiser else "infimum f(x_*) > -infinity"
    lines = [
        f"Theorem. Let f be {class_text(claim)} on a real inner-product space, with {kind}.",
        f"Then {method_text(claim)},",
        f"satisfies  {measure_text(claim)}  <=  {rate_text(claim, claim.rate)} * {initial_text(claim)}.",
        f"In decimals the rate is {decimal_text(claim.field, claim.rate)} (for L = 1).",
    ]
    if tight:
        lines.append("No smaller rate holds: an exact worst-case function attains it.")
    elif lower is not None:
        bound = decimal_text(claim.field, lower, down=True)
        lines.append(f"The worst case is at least {bound}, proved by an exact function of the class.")
    return "\n".join(lines)


def _listed_sentence(claim: ListedClaim, lower: Any, tight: bool) -> str:
    counts = ", ".join(
        f"{len(items)} {name}"
        for items, name in (
            (claim.inequalities, "inequalities"),
            (claim.equalities, "equalities"),
            (claim.matrix_inequalities, "matrix inequalities"),
        )
        if items
    )
    lines = [
        f"Theorem. Under the listed hypotheses ({counts or 'none'})"
        # the title is any text of the file: quoted, so that none of it can be read as a part of the theorem
        + (f" of {claim.title!r}" if claim.title else "") + ",",
        f"measure <= {factor_text(claim.field.text(claim.rate))} * normaliser.",
        f"In decimals the rate is {decimal_text(claim.field, claim.rate)}.",
    ]  # fmt: skip
    if tight:
        lines.append("No smaller rate follows from these hypotheses: exact data attain it.")
    elif lower is not None:
        bound = decimal_text(claim.field, lower, down=True)
        lines.append(f"Exact data that satisfy the hypotheses attain at least {bound}.")
    return "\n".join(lines)
