"""Claims and theorems in words. Everything that decides the meaning is said: class, method, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpz

from pepkit.kernel.claims import Claim, GradientDescent, InitialCondition, ListedClaim, Measure, MethodClaim
from pepkit.kernel.composition import CompositionClaim
from pepkit.kernel.numbers import Field, NumberField
from pepkit.kernel.patterns import StraightforwardClaim, pattern_sentence
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


def decimal_text(number_field: Field, value: Any, digits: int = 15) -> str:
    """The value rounded to `digits` significant decimals, by exact arithmetic."""
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
    magnitude = abs(low + high) // 2
    exponent = len(str(fmpz(magnitude >> bits))) - 1 if magnitude >> bits else -1
    while exponent < 0 and magnitude * 10**-exponent < 1 << bits:
        exponent -= 1
    shift = digits - 1 - exponent
    scaled = magnitude * 10**shift if shift >= 0 else magnitude // 10**-shift
    text = str((scaled + (1 << (bits - 1))) >> bits)
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
    smoothness = "L" if cls.L is None else number_field.text(cls.L)
    sign = number_field.sign(cls.mu_over_L)
    if sign == 0:
        return f"{smoothness}-smooth convex"
    if number_field.sign(cls.mu_over_L + 1) == 0:
        return f"{smoothness}-smooth (not necessarily convex)"
    curvature = _times(number_field.text(abs_value(number_field, cls.mu_over_L)), smoothness)
    if sign > 0:
        return f"{smoothness}-smooth and mu-strongly convex (mu = {curvature})"
    return f"{smoothness}-smooth and hypoconvex (f + ({curvature}/2)|x|^2 is convex)"


def abs_value(number_field: Field, value: Any) -> Any:
    """|value|."""
    return -value if number_field.sign(value) < 0 else value


def _times(factor: str, unit: str) -> str:
    if factor == "1":
        return unit
    return f"({factor})*{unit}" if " " in factor else f"{factor}*{unit}"


def method_text(claim: MethodClaim | CompositionClaim, limit: int = 12) -> str:
    """The method with its exact steps; long schedules show their beginning and their length."""
    text = _readable(claim.field)
    smoothness = "L" if claim.function_class.L is None else claim.field.text(claim.function_class.L)
    if isinstance(claim, CompositionClaim):
        return (
            f"gradient descent x_(i+1) = x_i - (h_i/{smoothness}) grad f(x_i) with the {claim.steps} steps of the "
            f"composition {composition_text(claim)}"
        )
    if isinstance(claim.method, GradientDescent):
        steps = claim.method.steps
        if len(set(map(str, (text(h) for h in steps)))) == 1:
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


def composition_text(claim: CompositionClaim, limit: int = 100) -> str:
    """The tree of a composition, such as ``s(s(., .), .)`` with ``.`` for no steps, or its number of joins."""
    texts: list[str] = []
    for kind, *operands in claim.instructions:
        text = f"{kind}({', '.join('.' if isinstance(operand, str) else texts[operand] for operand in operands)})"
        if len(text) > limit:
            return f"of {len(claim.instructions)} joins that the certificate lists"
        texts.append(text)
    return texts[-1]


def _readable(number_field: Field, limit: int = 60) -> Callable[[Any], str]:
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
    text = claim.field.text(value)
    text = f"({text})" if " " in text else text
    power = claim.power_of_L
    if power == 0:
        return text
    if claim.function_class.L is None:
        unit = "L" if abs(power) == 1 else f"L^{abs(power)}"
    else:
        unit = claim.field.text(claim.function_class.L)
        unit = unit if abs(power) == 1 else f"({unit})^{abs(power)}"
    return f"{text} * {unit}" if power > 0 else f"{text} / {unit}"


def sentence(claim: Claim, lower: Any = None, tight: bool = False) -> str:
    """The theorem in words."""
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
    if isinstance(claim.field, NumberField) and claim.field.degree > 2:
        lines.append(f"Here theta is the {claim.field.generator_text()}.")
    if tight:
        lines.append("No smaller rate holds: an exact worst-case function attains it.")
    elif lower is not None:
        lines.append(
            f"The worst case is at least {decimal_text(claim.field, lower)}, proved by an exact function of the class."
        )
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
        + (f" of {claim.title}" if claim.title else "") + ",",
        f"measure <= {claim.field.text(claim.rate)} * normaliser.",
        f"In decimals the rate is {decimal_text(claim.field, claim.rate)}.",
    ]  # fmt: skip
    if tight:
        lines.append("No smaller rate follows from these hypotheses: exact data attain it.")
    elif lower is not None:
        lines.append(f"Exact data that satisfy the hypotheses attain {decimal_text(claim.field, lower)}.")
    return "\n".join(lines)
