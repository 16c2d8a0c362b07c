#!/usr/bin/env python3
"""Check certificates of the format pepkit-cert/1 with the Python standard library and nothing else.

    python3 -I -S pepcheck.py FILE...        prints the theorem that each file proves

Written from docs/certificate-format.md and the pages that it names; section numbers below refer to them. The
core, up to the first double line, reads files and numbers and checks what is proved by multipliers; every
part after it adds claims of another kind, and the core needs none of them. Exit codes: 0 all proved, 1 one is
refused or undecided, 2 one cannot be read or is no certificate of this format (or wrong usage).
"""

import hashlib
import json
import math
import os
import re
import stat
import sys
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise, permutations

MAX_BYTES, MAX_DIGITS, MAX_ITEMS, MAX_TEXT = 2**26, 6000, 4 * 10**6, 2000
MAX_DEGREE, MAX_PROGRAM, MAX_STEPS, MAX_DEPTH, MAX_VECTORS = 64, 10**5, 2048, 32, 2**13
MAX_BITS = 2**16  # of one number of a radical program, and of a minimal polynomial without denominators
MAX_SIGN_BITS = 2**15  # precision at which this checker gives up on the sign of an algebraic number
MAX_WORDS = 100  # longer numbers are printed as decimals; the file has them in full
RADICAL_PRECISIONS = (128, 512, 2048, 8192)
RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?", re.ASCII)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)  # lengths are bounded by MAX_DIGITS before anything is converted


class Malformed(Exception):
    """The file breaks a "must" of the format."""


class Refused(Exception):
    """A check fails: the certificate does not prove its claim."""


class Undecided(Exception):
    """This checker cannot decide a sign, or gives up on a size."""


def need(condition, message, error=Malformed):
    """The only way in which this program says no."""
    if not condition:
        raise error(message)


def show(data):
    """Text of a file for a message: short, and with nothing that a terminal obeys."""
    words = data if isinstance(data, str) else json.dumps(data) if len(repr(data)) < 500 else "(long)"
    return "".join(c if c.isprintable() else "?" for c in words[:200]) + ("..." if len(words) > 200 else "")


def items(data, count=None):
    """A list, of a given length if `count` is given."""
    need(isinstance(data, list) and len(data) <= MAX_ITEMS, "a list is expected: " + show(data))
    need(count is None or len(data) == count, f"a list of {count} entries is expected: " + show(data))
    return data


def text(data):
    need(isinstance(data, str) and 0 < len(data) <= MAX_TEXT, "a non-empty text is expected: " + show(data))
    return data


def index(data, bound=MAX_ITEMS):
    need(type(data) is int and 0 <= data < bound, f"an index below {bound} is expected: " + show(data))
    return data


def members(data, required, *optional):
    """The object `data`, with all required members and no unknown ones."""
    need(isinstance(data, dict), "an object is expected: " + show(data))
    required = required.split()
    need(set(required) <= set(data), "missing: " + show([k for k in required if k not in data]))
    unknown = [k for k in data if k not in required and k not in optional]
    need(not unknown, "unknown members: " + show(unknown))
    return data


def triangle(rows, read):
    """A symmetric matrix from its lower triangle."""
    rows = [[read(entry) for entry in items(row, i + 1)] for i, row in enumerate(items(rows))]
    return [[rows[max(i, j)][min(i, j)] for j in range(len(rows))] for i in range(len(rows))]


def sparse(data, width, read):
    """Entries [index.., number] in strictly increasing order, as pairs (index, number)."""
    result = []
    for entry in items(data):
        *key, number = items(entry, width + 1)
        key = tuple(map(index, key))
        need(not result or key > result[-1][0], "indices must be strictly increasing: " + show(entry))
        result.append((key, read(number)))
    return result


# ---------------------------------------------------------------- numbers (section 2)
# A number is a Fraction, an Algebraic or an Interval; bool() is the zero test, and all three have + - * /.


class Number:
    """The operations that follow from +, unary -, * and inverse()."""

    __slots__ = ()

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * (other.inverse() if isinstance(other, Number) else 1 / Fraction(other))

    def __rtruediv__(self, other):
        return self.inverse() * other


class Algebraic(Number):
    """num[0] + num[1] t + ... over den, where t = scale * theta is an algebraic integer of the field."""

    __slots__ = ("den", "field", "num")

    def __init__(self, field, num, den):
        divisor = math.gcd(den, *num)
        self.field, self.num, self.den = field, [c // divisor for c in num], den // divisor

    def __bool__(self):
        return any(self.num)

    def __neg__(self):
        return Algebraic(self.field, [-c for c in self.num], self.den)

    def __add__(self, other):
        if not isinstance(other, Algebraic):
            other = self.field.element([Fraction(other)])
        pairs = zip(self.num, other.num)
        return Algebraic(self.field, [a * other.den + b * self.den for a, b in pairs], self.den * other.den)

    def __mul__(self, other):
        if not isinstance(other, Algebraic):
            other = Fraction(other)
            return Algebraic(
                self.field, [c * other.numerator for c in self.num], self.den * other.denominator
            )
        degree, product = self.field.degree, [0] * (2 * self.field.degree - 1)
        for i, a in enumerate(self.num):
            if a:
                for j, b in enumerate(other.num):
                    product[i + j] += a * b
        for k in range(2 * degree - 2, degree - 1, -1):
            if top := product[k]:
                for j in range(degree):
                    product[k - degree + j] -= top * self.field.minpoly[j]
        return Algebraic(self.field, product[:degree], self.den * other.den)

    def inverse(self):
        """By Euclid's algorithm for the minimal polynomial and this number; b = t * self throughout."""
        a, b = list(map(Fraction, self.field.minpoly)), trimmed(Fraction(c, self.den) for c in self.num)
        need(b, "division by zero", Refused)
        s, t = self.field.element([Fraction(0)]), self.field.element([Fraction(1)])
        while len(b) > 1:
            quotient, rest = divide(a, b)
            s, t, a, b = t, s - self.field.element(quotient) * t, b, rest
        need(b, "the minimal polynomial has a proper factor")
        return t * (1 / b[0])

    def enclosure(self, bits):
        guard = max(c.bit_length() for c in self.num) - self.den.bit_length() + self.field.guard
        work = -(-max(bits + guard, bits, 64) // 64) * 64  # in steps, so that the powers of t are shared
        low = high = 0
        for c, (a, b) in zip(self.num, self.field.powers(work)):
            low, high = low + c * (a if c > 0 else b), high + c * (b if c > 0 else a)
        scale = self.den << (work - bits)
        return low // scale, -(-high // scale)

    def sign(self):
        if not any(self.num[1:]):
            return (self.num[0] > 0) - (self.num[0] < 0)
        bits = 64
        while bits <= MAX_SIGN_BITS:
            low, high = self.enclosure(bits)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            if bits == 1024:
                self.inverse()  # refuses a number that is zero without being written as zero
            bits *= 2
        raise Undecided(f"a sign in the number field needs more than {MAX_SIGN_BITS} binary digits")


class Interval(Number):
    """A real number between low and high, in units of 2^-bits. Visible rationals are Fractions."""

    __slots__ = ("bits", "high", "low")

    def __init__(self, low, high, bits):
        need(max(-low, high).bit_length() <= MAX_BITS, "a number of the program is too large", Undecided)
        self.low, self.high, self.bits = low, high, bits

    def _lift(self, other):
        return (
            other
            if isinstance(other, Interval)
            else Interval(*enclosure(Fraction(other), self.bits), self.bits)
        )

    def __neg__(self):
        return Interval(-self.high, -self.low, self.bits)

    def __add__(self, other):
        other = self._lift(other)
        return Interval(self.low + other.low, self.high + other.high, self.bits)

    def __mul__(self, other):
        if not other:
            return Fraction(0)
        other = self._lift(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends) >> self.bits, -(-max(ends) >> self.bits), self.bits)

    def inverse(self):
        self.sign()  # undecided if zero is inside
        unit = 1 << 2 * self.bits
        return Interval(unit // self.high, -(-unit // self.low), self.bits)

    def enclosure(self, bits):
        if bits >= self.bits:
            return self.low << (bits - self.bits), self.high << (bits - self.bits)
        return self.low >> (self.bits - bits), -(-self.high >> (self.bits - bits))

    def sign(self):
        need(
            self.low > 0 or self.high < 0, f"a sign is not decided with {self.bits} binary digits", Undecided
        )
        return 1 if self.low > 0 else -1


def enclosure(number, bits):
    """Integers low <= number * 2^bits <= high."""
    if not isinstance(number, Fraction):
        return number.enclosure(bits)
    num, den = number.numerator << max(bits, 0), number.denominator << max(-bits, 0)
    return num // den, -(-num // den)


def sign(number):
    return (number > 0) - (number < 0) if isinstance(number, Fraction) else number.sign()


def nonnegative(number):
    return (isinstance(number, Interval) and number.low >= 0) or sign(number) >= 0


def need_zero(number, message):
    """Refuse what is not zero; an interval is never known to be zero, but not to be if zero is outside."""
    if number:
        sign(number)
        raise Refused(message)


def square_root(number, bits):
    """A Fraction where it is visible, else an interval."""
    need(nonnegative(number), "square root of a negative number")
    if isinstance(number, Fraction):
        root = Fraction(math.isqrt(number.numerator), math.isqrt(number.denominator))
        if root * root == number:
            return root
    low, high = enclosure(number, 2 * bits)
    return Interval(math.isqrt(low), math.isqrt(high) + 1, bits)


def rational(data):
    """Section 2.1."""
    match = RATIONAL.fullmatch(data) if isinstance(data, str) and len(data) <= 2 * MAX_DIGITS + 2 else None
    short = match and all(len((part or "").lstrip("-")) <= MAX_DIGITS for part in match.groups())
    need(short, "not a rational number: " + show(data))
    num, den = int(match[1]), int(match[2] or 1)
    need((match[2] is None or den > 1) and math.gcd(num, den) == 1, "not in lowest terms: " + show(data))
    return Fraction(num, den)


class Rationals:
    """Section 2.2: Q."""

    read = staticmethod(rational)

    def text(self, number):
        words = str(number) if isinstance(number, Fraction) else ""
        return words if 0 < len(words) <= MAX_WORDS else decimal(number) + "..."


class NumberField(Rationals):
    """Section 2.2: Q(theta) with theta the only root of the minimal polynomial between two rationals."""

    def __init__(self, data, bits):
        coefficients, ends = (
            list(map(rational, items(data["minpoly"]))),
            list(map(rational, items(data["root"], 2))),
        )
        self.degree = degree = len(coefficients) - 1
        need(2 <= degree <= MAX_DEGREE, "the degree of minpoly must be between 2 and 64")
        need(
            coefficients[-1] == 1 and ends[0] < ends[1],
            "minpoly must be monic, and the ends of root increasing",
        )
        self.scale = math.lcm(*(c.denominator for c in coefficients))
        size = self.scale.bit_length() * degree + max(abs(c.numerator) for c in coefficients).bit_length()
        need(size <= MAX_BITS, "the minimal polynomial is too large for this checker", Undecided)
        self.minpoly = [int(c * self.scale ** (degree - k)) for k, c in enumerate(coefficients)]
        low, high = ends[0] * self.scale, ends[1] * self.scale
        need(
            roots_between(self.minpoly, low, high) == 1,
            "the interval must contain exactly one root of minpoly",
        )
        # t lies between corner / unit and (corner + width) / unit; bisection doubles unit
        self.unit, self.tables = math.lcm(low.denominator, high.denominator), {}
        self.corner, self.width = int(low * self.unit), int((high - low) * self.unit)
        self.sign_low = value_sign(self.minpoly, self.corner, self.unit)
        change = self.sign_low * value_sign(self.minpoly, self.corner + self.width, self.unit) < 0
        need(change, "minpoly must change its sign between the ends of root")  # bisection needs it
        self.guard = degree * (int(max(abs(low), abs(high))).bit_length() + 2) + 8

    def element(self, coefficients):
        """The number with these rational coefficients of the powers of t."""
        den = math.lcm(*(c.denominator for c in coefficients))
        return Algebraic(
            self, [int(c * den) for c in coefficients] + [0] * (self.degree - len(coefficients)), den
        )

    def read(self, data):
        if not isinstance(data, list):
            return rational(data)
        need(
            2 <= len(data) <= self.degree and data[-1] != "0",
            "coefficients: too few, too many, or the last is 0",
        )
        return self.element([rational(c) / self.scale**k for k, c in enumerate(data)])

    def powers(self, bits):
        """Enclosures of 1, t, t^2, ... as pairs of integers, in units of 2^-bits."""
        if bits not in self.tables:
            while self.width << bits > self.unit:
                self.corner, self.unit = 2 * self.corner, 2 * self.unit
                if value_sign(self.minpoly, self.corner + self.width, self.unit) == self.sign_low:
                    self.corner += self.width
            ends = (self.corner << bits) // self.unit, -(-(self.corner + self.width << bits) // self.unit)
            root, power, table = Interval(*ends, bits), Interval(1 << bits, 1 << bits, bits), []
            for _ in range(self.degree):
                table.append((power.low, power.high))
                power = power * root
            self.tables[bits] = table
        return self.tables[bits]

    def text(self, number):
        if isinstance(number, Fraction):
            return super().text(number)
        parts = [Fraction(c, number.den) * self.scale**k for k, c in enumerate(number.num)]
        names = ["", "*theta", *(f"*theta^{k}" for k in range(2, self.degree))]
        words = " + ".join(f"{c}{name}" for c, name in zip(parts, names) if c) or "0"
        return words if len(words) <= MAX_WORDS else decimal(number) + "..."


class Radicals(Rationals):
    """Section 2.2: a straight-line program, evaluated in intervals of a given number of binary digits."""

    def __init__(self, data, bits):
        need(len(items(data["program"])) <= MAX_PROGRAM, "the program is too long")
        self.values, total = [], 0
        for line in data["program"]:
            need(items(line) and isinstance(line[0], str), "not an instruction: " + show(line))
            if line[0] == "root":
                need(5 <= len(line) <= 12, "instruction: " + show(line))
                coefficients = [self.operand(operand) for operand in line[3:]]
                self.values.append(self.root(rational(line[1]), rational(line[2]), coefficients, bits))
                continue
            need(
                len(line) == {"sqrt": 2, "+": 3, "-": 3, "*": 3, "/": 3}.get(line[0]),
                "instruction: " + show(line),
            )
            name, a, *rest = line[0], *(self.operand(operand) for operand in line[1:])
            if name == "sqrt":
                value = square_root(a, bits)
            else:
                need(name != "/" or sign(rest[0]), "division by zero")
                b = rest[0]
                value = a + b if name == "+" else a - b if name == "-" else a * b if name == "*" else a / b
            if isinstance(value, Fraction):
                size = max(value.numerator.bit_length(), value.denominator.bit_length())
                total += size
                need(
                    size <= MAX_BITS and total <= 2**28, "the numbers of the program are too long", Undecided
                )
            self.values.append(value)

    def operand(self, data):
        return self.values[index(data, len(self.values))] if type(data) is int else rational(data)

    @staticmethod
    def root(low, high, poly, bits):
        """The only root of a polynomial with enclosed coefficients between two rationals."""

        def at(poly, x):
            value = poly[-1]
            for c in reversed(poly[:-1]):
                value = value * x + c
            a, b = enclosure(value, bits)
            return 1 if a > 0 else -1 if b < 0 else 0

        def point(k):
            return Interval(k, k, bits)

        need(low < high, "the interval of a root is empty")
        below, above = enclosure(low, bits)[0], enclosure(high, bits)[1]
        slope = at([c * Fraction(k) for k, c in enumerate(poly)][1:], Interval(below, above, bits))
        left, right = at(poly, low), at(poly, high)  # not at their enclosures: the root may lie between
        need(slope and left and right, "the root of a polynomial is not isolated", Undecided)
        need((left, right) == (-slope, slope), "a polynomial has no root in its interval")
        ends = []
        for side in (left, right):
            near, far = (below, above) if side == left else (above, below)
            while abs(far - near) > 1:
                middle = (near + far) // 2
                near, far = (middle, far) if at(poly, point(middle)) == side else (near, middle)
            ends.append(near)
        return Interval(*ends, bits)

    def read(self, data):
        value = self.operand(data)
        visible = type(data) is int and isinstance(value, Fraction)
        need(not visible, "a rational number is written as one, not as an instruction: " + show(data))
        return value


# ---------------------------------------------------------------- polynomials, constant term first


def trimmed(coefficients):
    result = list(coefficients)
    while result and not result[-1]:
        result.pop()
    return result


def divide(a, b):
    """Quotient and remainder, for coefficients of type Fraction."""
    rest, quotient = list(a), [Fraction(0)] * max(len(a) - len(b) + 1, 1)
    for k in range(len(a) - len(b), -1, -1):
        quotient[k] = rest[k + len(b) - 1] / b[-1]
        for j, c in enumerate(b):
            rest[k + j] -= quotient[k] * c
    return quotient, trimmed(rest)


def value_sign(poly, num, den):
    """The sign at num/den, for integers and den > 0."""
    value, power = 0, 1
    for c in reversed(poly):
        value, power = value * num + c * power, power * den
    return (value > 0) - (value < 0)


def roots_between(poly, low, high):
    """Sturm's theorem: the number of different real roots in (low, high]."""
    chain = [list(map(Fraction, poly)), [Fraction(k * c) for k, c in enumerate(poly)][1:]]
    while len(chain[-1]) > 1 and (rest := divide(chain[-2], chain[-1])[1]):
        size = max(map(abs, rest))
        chain.append([-c / size for c in rest])
    changes = []
    for end in (low, high):
        signs = []
        for p in chain:
            den = math.lcm(*(c.denominator for c in p))
            signs.append(value_sign([int(c * den) for c in p], end.numerator, end.denominator))
        changes.append(sum(a != b for a, b in pairwise(s for s in signs if s)))
    return changes[0] - changes[1]


# ---------------------------------------------------------------- statements (sections 3 to 5)
# A form is a dictionary from () (the constant), (s,) (a scalar) and (p, q), p <= q (a product of vectors) to
# numbers; a vector, where forms are made, a dictionary from positions to numbers.

MEASURES = {"f(x_N)-f(x_*)": 1, "|grad f(x_N)|^2": 2, "min_i |grad f(x_i)|^2": 2, "|x_N-x_*|^2": 0}
INITIALS = {"|x_0-x_*|^2": 0, "f(x_0)-f(x_*)": 1, "|grad f(x_0)|^2": 2}
VALUE, GRADIENT, SMALLEST, DISTANCE = MEASURES
FROM_DISTANCE, FROM_VALUE, FROM_GRADIENT = INITIALS
ONE, HALF = Fraction(1), Fraction(1, 2)


def add(form, number, key):
    form[key] = form[key] + number if key in form else number


def product(form, factor, u, v):
    """Add factor * <u, v>."""
    for p, a in u.items():
        for q, b in v.items():
            add(form, factor * (a * b), (min(p, q), max(p, q)))


def minus(u, v):
    return {k: c for k in (*u, *v) if (c := u.get(k, 0) - v.get(k, 0))}


class Statement:
    """What a proof by multipliers is about.

    `derived` has None for a basis vector, pairs (earlier position, number) for a derived one; `families` maps
    a name to (relation ">=", "=" or "psd", indices of the hypotheses, function from an index to the form).
    """

    def __init__(self, derived, scalars, families, measure, normaliser, rate, sentence):
        self.derived, self.scalars, self.families = derived, scalars, families
        self.measure, self.normaliser, self.rate, self.sentence = measure, normaliser, rate, sentence


class Points:
    """Section 4.2: the points of a method with N steps, positions relative to x_* (x_0 if there is none)."""

    def __init__(self, rows, minimiser):
        """`rows[i]` is a step of gradient descent, or the list h_i0, .., h_ii of a fixed-step method."""
        self.last = last = len(rows)
        start = {0: 1} if minimiser else {}
        self.first = first = len(start)  # the position of g_0
        self.g = [{first + i: 1} for i in range(last + 1)] + [{}]
        self.x = [start] + [{first + last + i: 1} for i in range(1, last + 1)] + [{}]
        self.count, self.derived = last + 1 + minimiser, [None] * (first + last + 1)
        for i, row in enumerate(rows):
            if isinstance(row, list):
                definition = [(p, ONE) for p in start] + [(first + k, -c) for k, c in enumerate(row)]
            else:
                definition = [(p, ONE) for p in self.x[i]] + [(first + i, -row)]
            self.derived.append(definition)

    def interpolation(self, m):
        """Section 4.3: the family, as a triple for `Statement`."""
        factor = HALF / (1 - m)

        def form(pair):
            (i, j), result = pair, {}
            for point, value in ((i, ONE), (j, -ONE)):
                if point <= self.last:
                    add(result, value, (point,))
            dx, dg = minus(self.x[i], self.x[j]), minus(self.g[i], self.g[j])
            product(result, -ONE, self.g[j], dx)
            product(result, -factor, dg, dg)
            if m:
                product(result, -factor * m, dx, dx)
                product(result, 2 * factor * m, dg, dx)
            return result

        return ">=", Pairs(self.count), form


class Pairs:
    """The ordered pairs of different points, without listing them."""

    def __init__(self, count):
        self.count = count

    def __contains__(self, key):
        return len(key) == 2 and key[0] != key[1] and max(key) < self.count

    def __iter__(self):
        return permutations(range(self.count), 2)


def listed_family(relation, forms):
    return relation, {(k,): None for k in range(len(forms))}, lambda key: forms[key[0]]


def function_class(data, field):
    """m = mu/L, and L in words."""
    members(data, "L mu/L")
    m = field.read(data["mu/L"])
    need(data["L"] == "L" or sign(field.read(data["L"])) > 0, "L must be positive")
    need(sign(m + 1) >= 0 and sign(1 - m) > 0, "mu/L must satisfy -1 <= mu/L < 1")
    return m, "every L > 0" if data["L"] == "L" else "L = " + field.text(field.read(data["L"]))


def words_of_class(m, smoothness, field, minimiser=True):
    name = (
        "convex L-smooth f" if not m else f"L-smooth f with f - mu/2 |x|^2 convex, mu = ({field.text(m)})*L,"
    )
    infimum = "a minimiser x_*" if minimiser else "a finite infimum, written f(x_*)"
    return f"For every real inner-product space, {smoothness}, every {name}\nwith {infimum}, and every x_0"


def words_of_rate(claim, field, rate):
    power = MEASURES[claim["measure"]] - INITIALS[claim["initial"]]
    scale = {-2: " / L^2", -1: " / L", 0: "", 1: " * L", 2: " * L^2"}[power]
    return f"  {claim['measure']}  <=  ({field.text(rate)}){scale} * ({claim['initial']})"


def pair_of_measures(claim):
    need(text(claim["measure"]) in MEASURES, "unknown measure: " + show(claim["measure"]))
    need(text(claim["initial"]) in INITIALS, "unknown initial condition: " + show(claim["initial"]))
    return claim["measure"], claim["initial"]


def method(claim, field):
    """Section 4: a claim of kind `method` as a statement."""
    members(claim, "kind class method measure initial rate")
    (m, smoothness), rate = function_class(claim["class"], field), field.read(claim["rate"])
    (measure, initial), steps = pair_of_measures(claim), claim["method"]
    descent = isinstance(steps, dict) and steps.get("type") == "gradient-descent"
    members(steps, "type steps" if descent else "type matrix")
    need(descent or steps["type"] == "fixed-step", "unknown method: " + show(steps["type"]))
    rows = items(steps["steps" if descent else "matrix"])
    need(1 <= len(rows) <= MAX_STEPS, "the number of steps must be between 1 and 2048")
    if descent:
        rows = [field.read(h) for h in rows]
    else:
        rows = [[field.read(c) for c in items(row, i + 1)] for i, row in enumerate(rows)]
    convex, strongly = sign(m) >= 0, sign(m) > 0
    need(strongly or measure != DISTANCE or initial == FROM_DISTANCE, "this measure has no rate for mu <= 0")
    need(strongly or (measure, initial) != (VALUE, FROM_GRADIENT), "this pair has no rate for mu <= 0")
    need(convex or initial != FROM_GRADIENT, "this initial condition has no rate for mu < 0")
    minimiser = convex or measure == DISTANCE or initial == FROM_DISTANCE
    texts = [field.text(c) if descent else "[" + ", ".join(map(field.text, c)) + "]" for c in rows]
    formula = (
        "x_(i+1) = x_i - (h_i/L) grad f(x_i)" if descent else "x_i = x_0 - (1/L) sum_(k<i) h_ik grad f(x_k)"
    )
    sentence = (
        f"{words_of_class(m, smoothness, field, minimiser)}, the points\n  {formula},\n"
        f"N = {len(rows)}, h = [{', '.join(texts)}] satisfy\n{words_of_rate(claim, field, rate)}"
    )
    return method_statement(m, rows, measure, initial, rate, sentence, minimiser)


def method_statement(m, rows, measure, initial, rate, sentence, minimiser=True):
    """Section 4.3."""
    points = Points(rows, minimiser)
    first, last, one = points.first, points.last, [(i,) for i in range(points.last + 1)]
    families = {"interpolation": points.interpolation(m)}
    if sign(m) < 0:
        families["infimum"] = ">=", one, lambda key: {key: ONE, (first + key[0],) * 2: -HALF}
    if measure == SMALLEST:
        families["smallest-gradient"] = ">=", one, lambda key: {(last + 1,): -ONE, (first + key[0],) * 2: ONE}
    distance = {}
    product(distance, ONE, points.x[last], points.x[last])
    goal = {VALUE: {(last,): ONE}, GRADIENT: {(first + last,) * 2: ONE}, SMALLEST: {(last + 1,): ONE}}
    start = {FROM_DISTANCE: {(0, 0): ONE}, FROM_VALUE: {(0,): ONE}, FROM_GRADIENT: {(first, first): ONE}}
    scalars = last + 1 + (measure == SMALLEST)
    return Statement(
        points.derived, scalars, families, goal.get(measure, distance), start[initial], rate, sentence
    )


def listed(claim, field):
    """Section 5: a claim of kind `listed` as a statement."""
    relations = {"inequalities": ">=", "equalities": "=", "matrix-inequalities": "psd"}
    members(claim, "kind vectors scalars measure normaliser rate", "title", *relations)
    names, derived, scalar_names = [], [], [show(text(name)) for name in items(claim["scalars"])]
    for vector in items(claim["vectors"]):
        definition = None
        if isinstance(vector, dict):
            members(vector, "name definition")
            pairs = [items(pair, 2) for pair in items(vector["definition"])]
            definition = [(index(k, len(derived)), field.read(c)) for k, c in pairs]
        names.append(show(text(vector["name"] if isinstance(vector, dict) else vector)))
        derived.append(definition)

    def form(data):
        members(data, "", "quadratic", "linear", "constant")
        result = dict(sparse(data.get("quadratic", []), 2, field.read)) | dict(
            sparse(data.get("linear", []), 1, field.read)
        )
        for key in result:
            bound = len(derived) if len(key) == 2 else len(scalar_names)
            need(key[0] <= key[-1] < bound, "indices of a form: " + show(key))
        return result | ({(): constant} if (constant := field.read(data.get("constant", "0"))) else {})

    def words(form):
        parts = []
        for key, c in form.items():
            vectors = f"*<{names[key[0]]}, {names[key[-1]]}>" if len(key) == 2 else ""
            parts.append(f"({field.text(c)}){'*' + scalar_names[key[0]] if len(key) == 1 else vectors}")
        return " + ".join(parts) or "0"

    families, seen = {}, set()
    title = show(text(claim.get("title", "untitled")))
    lines = [f"{title}: for all vectors of a real inner-product space and all scalars with"]
    for family, relation in relations.items():
        forms = []
        for name, data in (items(pair, 2) for pair in items(claim.get(family, []))):
            need(text(name) not in seen, "two hypotheses have the name " + show(name))
            seen.add(name)
            forms.append(triangle(data, form) if relation == "psd" else form(data))
            if relation == "psd":
                entries = "; ".join(", ".join(map(words, row)) for row in forms[-1])
                lines.append(f"  {show(name)}: the matrix [{entries}] is positive semidefinite")
            else:
                lines.append(f"  {show(name)}: {words(forms[-1])} {relation} 0")
        families[family] = listed_family(relation, forms)
    for name, definition in zip(names, derived):
        if definition is not None:
            total = " + ".join(f"({field.text(c)})*{names[k]}" for k, c in definition)
            lines.append(f"  where {name} = {total or 0}")
    measure, normaliser, rate = form(claim["measure"]), form(claim["normaliser"]), field.read(claim["rate"])
    lines.append(f"satisfy\n  {words(measure)}  <=  ({field.text(rate)}) * ({words(normaliser)})")
    return Statement(derived, len(scalar_names), families, measure, normaliser, rate, "\n".join(lines))


# ---------------------------------------------------------------- the check (sections 6 to 9)


def multiplied(statement, field, multipliers):
    """Pairs (number, form) whose sum is sum lambda_k p_k of section 7, once the signs are checked."""
    need(isinstance(multipliers, dict), "multipliers must be an object")
    for family, entries in multipliers.items():
        need(family in statement.families, "the claim has no family " + show(family))
        relation, indices, form = statement.families[family]
        width = 2 if isinstance(indices, Pairs) else 1
        for key, data in sparse(entries, width, lambda data: data):
            name = show([family, *key])
            need(key in indices, "no such hypothesis: " + name)
            if relation == "psd":
                rows, hypothesis = triangle(data, field.read), form(key)
                need(len(rows) == len(hypothesis), "the size of the multiplier of " + name)
                semidefinite(rows, [], "the multiplier of " + name)
                for row, forms in zip(rows, hypothesis):
                    yield from zip(row, forms)
            else:
                multiplier = field.read(data)
                need(multiplier, "a multiplier is zero: " + name)
                need(relation == "=" or sign(multiplier) > 0, "a multiplier is negative: " + name, Refused)
                yield multiplier, form(key)


def gram(derived, terms):
    """Section 7: the constant and the matrix S of a sum of number * form, once the scalars cancel."""
    total, zero, size = {}, Fraction(0), len(derived)
    need(size <= MAX_VECTORS, f"more than {MAX_VECTORS} vectors, derived ones included", Undecided)
    for factor, form in terms:
        if factor:
            for key, c in form.items():
                add(total, factor * c, key)
    constant, S = total.pop((), zero), [[zero] * size for _ in range(size)]
    for key, c in total.items():
        if len(key) == 1:
            need_zero(c, f"scalar {key[0]} does not cancel in the identity")
        else:
            S[key[0]][key[1]] = S[key[1]][key[0]] = c if key[0] == key[1] else c / 2
    for k in range(size - 1, -1, -1):
        if derived[k] is not None:  # v_k = sum a_i v_i: eliminate it. Of the later vectors the basis is left
            half_corner = S[k][k] / 2
            u = [S[i][k] if i < k or derived[i] is None else zero for i in range(size)]
            for i, a in derived[k]:
                u[i] = u[i] + half_corner * a
            for i, a in derived[k]:
                for j, c in enumerate(u):
                    if c:
                        S[i][j] = S[i][j] + a * c
                        S[j][i] = S[j][i] + a * c
    basis = [k for k in range(size) if derived[k] is None]
    return constant, [[S[i][j] for j in basis] for i in basis]


def definite(matrix, bits):
    """Whether the matrix is shown to be positive definite: after scaling by powers of two, a rounded Cholesky
    factor in integers leaves a diagonally dominant rest. All but the choice of the factor is exact."""
    size, exponents = len(matrix), []
    for i in range(size):
        low = enclosure(matrix[i][i], bits)[0]
        if low <= 0:
            return False
        exponents.append((bits - low.bit_length()) // 2)
    bounds = [
        [enclosure(matrix[i][j], bits + exponents[i] + exponents[j]) for j in range(i + 1)]
        for i in range(size)
    ]
    factor, spare, debt, shift = [], [], [0] * size, 1 << bits // 2
    for i in range(size):
        row = []
        for j in range(i + 1):
            other = factor[j] if j < i else row
            rest = (bounds[i][j][0] - (shift if i == j else 0) << bits) - sum(map(int.__mul__, row, other))
            if i == j and rest <= 0:
                return False
            row.append(math.isqrt(rest) if i == j else rest // factor[j][j])
        factor.append(row)
    for i in range(size):
        for j in range(i + 1):
            square = sum(map(int.__mul__, factor[i][: j + 1], factor[j]))
            low, high = ((bound << bits) - square for bound in bounds[i][j])
            if i == j:
                spare.append(low)
            else:
                error = max(abs(low), abs(high))
                debt[i], debt[j] = debt[i] + error, debt[j] + error
    return all(s >= d for s, d in zip(spare, debt))


def semidefinite(matrix, kernel, name):
    """Section 8 for the kernel, then definiteness of the rest in integers, else exact elimination L D L^T."""
    echelon = {}
    for z in kernel:
        for row in matrix:
            total = sum((a * b for a, b in zip(row, z) if a and b), Fraction(0))
            need_zero(total, "a kernel vector is not in the kernel of " + name)
        for p, other in echelon.items():
            if z[p]:
                factor = z[p] / other[p]
                z = [Fraction(0) if k == p else a - factor * b for k, (a, b) in enumerate(zip(z, other))]
        pivot = next((k for k, c in enumerate(z) if c and sign(c)), None)
        need(pivot is not None, "the kernel vectors are linearly dependent", Refused)
        echelon[pivot] = z
    kept = [i for i in range(len(matrix)) if i not in echelon]
    matrix = [[matrix[i][j] for j in kept] for i in kept]
    if any(definite(matrix, bits) for bits in (64, 128, 256)):
        return
    while matrix:
        (corner, *rest), matrix = matrix[0], matrix[1:]
        need(sign(corner) >= 0, name + " is not positive semidefinite", Refused)
        if not corner:
            for c in rest:
                need_zero(c, name + " is not positive semidefinite")
        ratios = [c / corner if c else c for c in rest]
        matrix = [
            [a - r * c if r and c else a for a, c in zip(row[1:], rest)] for row, r in zip(matrix, ratios)
        ]


def lower_bound(statement, field, witness):
    """Section 9: every hypothesis at the witness; returns measure / normaliser there."""
    members(witness, "coordinates scalars", "weights")
    given = [[field.read(c) for c in items(row)] for row in items(witness["coordinates"])]
    scalars, vectors, inner, rows = [field.read(c) for c in items(witness["scalars"])], [], {}, iter(given)
    need(len(scalars) == statement.scalars, "number of scalars of the witness")
    need(len(given) == statement.derived.count(None), "number of vectors of the witness")
    need(len({len(row) for row in given}) <= 1, "the vectors of the witness differ in length")
    weights = [ONE] * len((given or [[]])[0])
    if "weights" in witness:  # of the inner product
        weights = [field.read(c) for c in items(witness["weights"], len(weights))]
        need(all(map(nonnegative, weights)), "a weight of the witness is negative", Refused)
    for definition in statement.derived:
        vector = next(rows) if definition is None else [Fraction(0)] * len(weights)
        for i, a in definition or []:
            vector = [c + a * b for c, b in zip(vector, vectors[i])]
        vectors.append(vector)

    def value(form):
        total = Fraction(0)
        for key, c in form.items():
            if len(key) == 2 and key not in inner:
                parts = zip(vectors[key[0]], vectors[key[1]], weights)
                inner[key] = sum((a * b * w for a, b, w in parts if a and b), Fraction(0))
            total = total + c * (inner[key] if len(key) == 2 else scalars[key[0]] if key else 1)
        return total

    for family, (relation, indices, form) in statement.families.items():
        for key in indices:
            name = "the witness breaks " + show([family, *key])
            if relation == "psd":
                semidefinite([[value(entry) for entry in row] for row in form(key)], [], name + ":")
            elif relation == "=":
                need_zero(value(form(key)), name)
            else:
                need(nonnegative(value(form(key))), name, Refused)
    normaliser = value(statement.normaliser)
    need(sign(normaliser) > 0, "the normaliser is not positive at the witness", Refused)
    return value(statement.measure) / normaliser


def by_multipliers(statement, field, data):
    """Sections 6 to 9; returns the proved rate and the lower bound (None without a witness)."""
    conclusion = [(statement.rate, statement.normaliser), (-ONE, statement.measure)]
    proof = [(-c, form) for c, form in multiplied(statement, field, data["multipliers"])]
    constant, S = gram(statement.derived, conclusion + proof)
    need(nonnegative(constant), "the constant of the residual is negative", Refused)
    kernel = [[field.read(c) for c in items(z, len(S))] for z in items(data.get("kernel", []))]
    semidefinite(S, kernel, "the residual matrix")
    lower = lower_bound(statement, field, data["witness"]) if "witness" in data else None
    return statement.rate, lower


# ---------------------------------------------------------------- files (sections 1, 10, 11)


def decimal(number):
    """Twelve digits, also of numbers that are too large or too small for floating point."""
    bits = 200
    while max(map(abs, enclosure(number, bits))).bit_length() < 100 and bits < 2**15:
        bits *= 2
    low, high = enclosure(number, bits)
    return f"{Context(prec=12).divide(Decimal(low + high), Decimal(2 << bits)).normalize():g}"


FIELDS = {
    "rationals": ("kind", lambda data, bits: Rationals()),
    "number-field": ("kind minpoly root", NumberField),
    "radicals": ("kind program", Radicals),
}
STATEMENTS = {"method": method, "listed": listed}  # claims that are proved by multipliers
# (kind of claim, kind of proof): function of claim, proof, field, bits -> sentence, rate or None, lower bound
PROOFS = {}
OTHER_FIELDS = set()  # claims with such a proof that need not be over the rationals


def verify(data, bits):
    """The lines to print for a certificate; radicals are evaluated with this many binary digits."""
    by_proof = isinstance(data, dict) and "proof" in data
    optional = ("provenance",) if by_proof else ("kernel", "witness", "provenance")
    members(data, "format field claim " + ("proof" if by_proof else "multipliers"), *optional)
    need(data["format"] == "pepkit-cert/1", "the format is not pepkit-cert/1: " + show(data["format"]))
    need(isinstance(data.get("provenance", {}), dict), "provenance must be an object")
    kinds = []
    for part, table in (("field", FIELDS), ("claim", {*STATEMENTS, *(claim for claim, _ in PROOFS)})):
        kinds.append(data[part].get("kind") if isinstance(data[part], dict) else None)
        need(isinstance(kinds[-1], str) and kinds[-1] in table, f"unknown kind of {part}: " + show(kinds[-1]))
    names, make = FIELDS[kinds[0]]
    field = make(members(data["field"], names), bits)
    if by_proof:
        kind = data["proof"].get("kind") if isinstance(data["proof"], dict) else None
        known = isinstance(kind, str) and (kinds[1], kind) in PROOFS
        allowed = kinds[1] in OTHER_FIELDS or kinds[0] == "rationals"
        need(allowed, f"claims of kind {kinds[1]} are over the rationals")
        need(known, f"no proof of kind {show(kind)} is known for claims of kind {kinds[1]}")
        sentence, rate, lower = PROOFS[kinds[1], kind](data["claim"], data["proof"], field, bits)
    else:
        need(kinds[1] in STATEMENTS, f"claims of kind {kinds[1]} are not proved by multipliers")
        statement = STATEMENTS[kinds[1]](data["claim"], field)
        (rate, lower), sentence = by_multipliers(statement, field, data), statement.sentence
    lines = ["proved. " + sentence] + ([] if rate is None else [f"rate = {decimal(rate)}"])
    if isinstance(field, NumberField):
        ends = " and ".join(map(show, data["field"]["root"]))
        theta = decimal(field.read(["0", "1"]))
        lines.append(
            f"theta = {theta}, the root of {show(data['field']['minpoly'])} (constant first) between {ends}"
        )
    if lower is not None:
        tight = not (rate - lower)
        attained = f"no rate below {field.text(lower)} = {decimal(lower)} holds"
        lines.append("no smaller rate holds: it is attained" if tight else attained)
    whole = canonical({k: v for k, v in data.items() if k != "provenance"})
    claim = {k: whole[k] for k in ("claim", "field", "format")}
    return [*lines, "digest " + digest(whole), "claim digest " + digest(claim)]


def canonical(data):
    """Section 10: without the members that may be left out because they are empty or zero."""
    if isinstance(data, dict):
        empty = {k: "0" if k == "constant" else [] for k in ("kernel", "quadratic", "linear", "constant")}
        empty |= {k: [] for k in ("inequalities", "equalities", "matrix-inequalities")}
        unlisted = (
            "multipliers" in data or "vectors" in data or set(data) <= {"quadratic", "linear", "constant"}
        )
        return {k: canonical(v) for k, v in data.items() if not (unlisted and k in empty and v == empty[k])}
    return [canonical(entry) for entry in data] if isinstance(data, list) else data


def digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "an object has the same key twice")
    return dict(pairs)


def json_index(digits):
    need(digits == "-1" or (digits.isdigit() and len(digits) <= 9), "not an index: " + show(digits))
    return int(digits)


def refuse_number(digits):
    raise Malformed("a JSON number with a fraction or an exponent: " + show(digits))


def read(path):
    """The JSON data of a file, however hostile."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        need(stat.S_ISREG(os.fstat(file.fileno()).st_mode), "not a regular file")
        raw = file.read(MAX_BYTES + 1)
    need(len(raw) <= MAX_BYTES, "the file is larger than 64 MiB")
    need(sum(map(raw.count, b",[{")) <= 4 * MAX_ITEMS, "the file has too many entries")
    try:
        data = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=unique,
            parse_int=json_index,
            parse_float=refuse_number,
            parse_constant=refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from None
    level = [data]
    for _ in range(MAX_DEPTH):
        containers = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for inner in containers for item in inner if isinstance(item, (dict, list))]
    need(not level, f"the data are nested more than {MAX_DEPTH} deep")
    return data


def check(path):
    """The exit code for one file, after printing what was found."""
    try:
        data = read(path)
        for bits in RADICAL_PRECISIONS:
            try:
                lines = verify(data, bits)
                break
            except Undecided:
                refined = data["field"]["kind"] == "radicals" or data["claim"]["kind"] == "composition"
                if bits == RADICAL_PRECISIONS[-1] or not refined:
                    raise
    except (Malformed, Refused, Undecided, OSError, RecursionError, MemoryError) as error:
        word = {Refused: "refused", Undecided: "undecided", Malformed: "malformed"}.get(
            type(error), "not read"
        )
        print(f"{show(path)}: {word}: {error if str(error) else type(error).__name__}")
        return 2 if word in ("malformed", "not read") else 1
    print(show(path) + ": " + "\n  ".join("\n".join(lines).split("\n")))
    return 0


# =============================================================== straightforward patterns (section 15)


def straightforward(claim, proof, field, bits):
    members(claim, "kind steps threshold"), members(proof, "kind base slope")
    need(not isinstance(field, Radicals), "patterns are claimed over Q and number fields")
    steps, threshold = list(map(field.read, items(claim["steps"]))), field.read(claim["threshold"])
    total, count = sum(steps, Fraction(0)), len(steps)
    need(1 <= count <= MAX_STEPS, "the number of steps must be between 1 and 2048")
    proper = sign(total) > 0 and sign(threshold) > 0 and sign(1 - 2 * total * threshold) >= 0
    need(proper, "the sum S of the steps and the threshold D must satisfy S > 0, D > 0 and 2 S D <= 1")
    points, base, slope = Points(steps, True), {}, {}
    _, pairs, form = points.interpolation(Fraction(0))
    for name, table in (("base", base), ("slope", slope)):
        table |= dict(sparse(proof[name], 2, field.read))
        for key, c in table.items():
            need(key in pairs and c, f"a multiplier of {name} is zero or has no hypothesis: " + show(key))
    for key in {*base, *slope}:
        c = base.get(key, Fraction(0))
        need(
            count + 1 not in key or key not in base,
            "a base multiplier uses the minimiser: " + show(key),
            Refused,
        )
        both = sign(c) >= 0 and sign(c + threshold * slope.get(key, Fraction(0))) >= 0
        need(both, "a multiplier is negative: " + show(key), Refused)
    matrices = []
    for goal, table in (({(0,): ONE, (count,): -ONE}, base), ({(0,): -2 * total}, slope)):
        terms = [(ONE, goal)] + [(-c, form(key)) for key, c in table.items()]
        constant, S = gram(points.derived, terms)
        need_zero(constant, "a constant does not cancel")
        matrices.append(S)
    A, B = matrices
    for c in (*A[0], B[0][0]):
        need_zero(c, "the matrix of the pattern is not affine in delta")
    for delta, kernel in ((Fraction(0), [[ONE] * (count + 2)]), (threshold, [])):
        rows = [[a + delta * b if b else a for a, b in zip(*rows)] for rows in zip(A, B)]
        rows[0] = [total, *B[0][1:]]
        for i in range(1, count + 2):
            rows[i][0] = rows[0][i]
        semidefinite(rows, kernel, f"the matrix at delta = {field.text(delta)}")
    sentence = (
        "For every real inner-product space, every L > 0, every convex L-smooth f with a minimiser x_*,\n"
        f"every R > 0 and every delta in [0, {field.text(threshold)}]:\n"
        "  |x_0-x_*| <= R and f(x_0)-f(x_*) <= delta L R^2 imply\n"
        f"  f(x_{count})-f(x_*)  <=  (delta - ({field.text(total)}) delta^2) L R^2\n"
        f"for x_(i+1) = x_i - (h_i/L) grad f(x_i), h = [{', '.join(map(field.text, steps))}]"
    )
    return sentence, None, None


PROOFS["straightforward", "straightforward"] = straightforward
OTHER_FIELDS.add("straightforward")


# =============================================================== properties of schedules (section 16)


def schedule_property(claim, field):
    members(claim, "kind steps property")
    steps, name = [field.read(h) for h in items(claim["steps"])], text(claim["property"])
    need(1 <= len(steps) <= MAX_STEPS, "the number of steps must be between 1 and 2048")
    stronger = {"s-composable": "primitive", "f-composable": "dominant", "g-composable": "g-bounded"}
    need(name in stronger or name in stronger.values(), "unknown property: " + show(name))
    total, n = sum(steps, Fraction(0)), len(steps)
    need(sign(total) > 0, "the sum of the steps must be positive")
    if name in stronger:
        need(not isinstance(field, Radicals), "composable schedules are claimed over Q and number fields")
        found = ONE
        for h in steps:
            found = found * (h - 1)
        equal = found * (1 + total) - 1 if name == "s-composable" else found * found * (1 + 2 * total) - 1
        need(not equal, "the product of h_i - 1 does not have the value that the property needs", Refused)
    sentence = f"The schedule h = [{', '.join(map(field.text, steps))}] is {name}, in the sense of section 16"
    kind, minimal = stronger.get(name, name), 2 * total + 1
    if kind == "dominant":
        return method_statement(Fraction(0), steps, VALUE, FROM_DISTANCE, HALF / minimal, sentence)
    if kind == "g-bounded":
        return method_statement(Fraction(0), steps, GRADIENT, FROM_VALUE, 2 / minimal, sentence)
    points = Points(steps, False)
    measure = {(n,): total, (n, n): total * (total + 1) / 2}
    for i, h in enumerate(steps):
        add(measure, h * (h - 1) / 2, (i, i))
    normaliser = {(i,): h for i, h in enumerate(steps)}
    families = {"interpolation": points.interpolation(Fraction(0))}
    return Statement(points.derived, n + 1, families, measure, normaliser, ONE, sentence)


STATEMENTS["schedule-property"] = schedule_property


# =============================================================== compositions (section 14)


class Roots:
    """The root of each join: read from the proof and verified in the field, or enclosed in intervals."""

    def __init__(self, given, bits):
        self.given, self.bits = given, bits

    def take(self, equation, low, high):
        """The next given root: it solves equation(y) = 0 and lies between low and high (None: no bound)."""
        need(self.given, "the proof states too few roots", Refused)
        y = self.given.pop(0)
        need_zero(equation(y), "a root of the proof does not solve the equation of its join")
        inside = sign(y - low) > 0 and (high is None or sign(high - y) > 0)
        need(inside, "a root of the proof lies outside its range", Refused)
        return y

    def positive(self, b, c):
        """The positive root of y^2 = b y + c, c > 0."""
        if self.given is not None:
            return self.take(lambda y: y * y - b * y - c, Fraction(0), None)
        return (b + square_root(b * b + 4 * c, self.bits)) / 2

    def cubic(self, m, z, u):
        """The root y in (0, z) of (1-m) y^2 (2+y-z) = m u (1+y)^2 (z-y); the difference changes sign once."""

        def equation(y):
            return (1 - m) * (y * y) * (2 + y - z) - m * u * ((1 + y) * (1 + y)) * (z - y)

        if self.given is not None:
            return self.take(equation, Fraction(0), z)
        ends, top = [], enclosure(z, self.bits)[1]
        for wanted in (-1, 1):
            low, high = 0, top
            while high - low > 1:
                middle = (low + high) // 2
                value = equation(Fraction(middle, 1 << self.bits))
                bounds = enclosure(value, self.bits)
                certain = bounds[1] < 0 if wanted < 0 else bounds[0] > 0
                low, high = (middle, high) if certain == (wanted < 0) else (low, middle)
            ends.append(low if wanted < 0 else high)
        need(0 < ends[0] <= ends[1], "the root of a cubic is not enclosed", Undecided)
        return Interval(*ends, self.bits)


def join(name, parts, m, roots):
    """Kind and weight of a join of (kind, weight) pairs."""
    kinds, weights = "".join(kind[0] for kind, _ in parts), [weight for _, weight in parts]
    allowed = {
        "s": ("ss",),
        "f": ("sf",) if m else ("sf", "ss"),
        "g": ("gs",),
        "close": ("s",),
        "then": ("cc",),
    }
    need(name in ("s", "f", "g") or m, f"the join {name} needs mu > 0")
    need(
        kinds in allowed[name],
        f"a join {name} of schedules of these kinds: " + show([kind for kind, _ in parts]),
    )
    if name == "close":
        return "closed", (1 - weights[0]) / (1 + weights[0])
    if name == "then":
        return "closed", weights[0] * weights[1]
    if name == "s":
        (a, b), both = weights, weights[0] * weights[1]
        return "s", roots.positive(a + b - 2 * both if m else a + b, both)
    z, w = weights[::-1] if name == "g" else weights
    if m:
        y = roots.cubic(m, z, w)
        ratio = (1 + y) * z / ((1 - z) * y)
        return name, w * (ratio * ratio)
    if kinds == "ss":
        w = 2 * w - 1
    theta = roots.positive(ONE, 2 * z / w)
    return name, theta * theta * w


def numerators(number):
    return (
        [number.numerator, number.denominator] if isinstance(number, Fraction) else [*number.num, number.den]
    )


def program(data):
    """The joins as pairs (name, operands), and the number of steps of the last one."""
    joins, lengths, used, seen = [], [], set(), set()
    need(1 <= len(items(data)) <= 10**5, "there must be between 1 and 100000 joins")
    for number, line in enumerate(data):
        need(items(line) and isinstance(line[0], str), "not a join: " + show(line))
        name, *operands = line
        arity = {"s": 2, "f": 2, "g": 2, "close": 1, "then": 2}.get(name)
        need(
            arity == len(operands) and json.dumps(line) not in seen,
            "not a join, or not a new one: " + show(line),
        )
        seen.add(json.dumps(line))
        earlier = [index(operand, number) for operand in operands if operand != "empty"]
        used.update(earlier)
        joins.append((name, operands))
        lengths.append(sum((lengths[k] for k in earlier), int(name != "then")))
        need(lengths[-1] < 2**64, "a composition has fewer than 2^64 steps")
    need(len(used) == len(joins) - 1, "a join is not part of the schedule")
    need(lengths[-1] >= 1, "the schedule has no steps")
    return joins, lengths[-1]


def composition(claim, proof, field, bits):
    members(claim, "kind class joins measure initial rate"), members(proof, "kind", "roots")
    (m, smoothness), rate, (measure, initial) = (
        function_class(claim["class"], field),
        field.read(claim["rate"]),
        (pair_of_measures(claim)),
    )
    need(sign(m) >= 0, "compositions are about mu >= 0")
    given = [field.read(c) for c in items(proof["roots"])] if "roots" in proof else None
    exact, roots, (joins, length) = given is not None, Roots(given, bits), program(claim["joins"])

    def enclosed(number):
        return number if exact or isinstance(number, Fraction) else Interval(*enclosure(number, bits), bits)

    inner = enclosed(m)
    blocks = []
    for name, operands in joins:
        parts = []
        for place, operand in enumerate(operands):
            if operand == "empty":
                kind = name if (name, place) in (("f", 1), ("g", 0)) else "s"
                parts.append((kind, inner if kind == "s" and m else ONE))
            else:
                parts.append(blocks[operand])
        kind, weight = join(name, parts, inner, roots)
        size = 0 if isinstance(weight, Interval) else max(c.bit_length() for c in numerators(weight))
        need(not exact or size <= 2**17, "the exact numbers of the composition become too long", Undecided)
        long = size > 2**12 and not exact
        blocks.append((kind, Interval(*enclosure(weight, bits), bits) if long else weight))
    need(not roots.given, "the proof states more roots than there are joins", Refused)
    (kind, w), pair = blocks[-1], (measure, initial)
    table = {
        ("s", VALUE, FROM_DISTANCE): lambda: 1 / (4 * w - 2),
        ("f", VALUE, FROM_DISTANCE): lambda: 1 / (2 * w),
        ("g", GRADIENT, FROM_VALUE): lambda: 2 / w,
        ("closed", DISTANCE, FROM_DISTANCE): lambda: w * w,
    }
    if m:
        table.pop(("s", VALUE, FROM_DISTANCE))
    else:
        table["s", GRADIENT, FROM_DISTANCE] = table["s", SMALLEST, FROM_DISTANCE] = lambda: 1 / (w * w)
        table["g", SMALLEST, FROM_VALUE] = table["g", GRADIENT, FROM_VALUE]
    need((kind, *pair) in table, f"a schedule of kind {kind} decides nothing about " + show(list(pair)))
    worst = table[kind, *pair]()
    spare = (enclosed(rate) if isinstance(worst, Interval) else rate) - worst
    need(nonnegative(spare), "the worst case is larger than the claimed rate", Refused)
    if isinstance(worst, Interval):
        cut = max(worst.low.bit_length() - 96, 0)  # leading bits are all that a reader can use
        worst = Fraction(worst.low >> cut << cut, 1 << bits)
    sentence = (
        f"{words_of_class(m, smoothness, field)},\n"
        f"the points x_(i+1) = x_i - (h_i/L) grad f(x_i) with the N = {length} steps "
        f"that the {len(joins)} joins define satisfy\n{words_of_rate(claim, field, rate)}"
    )
    return sentence, rate, worst


PROOFS["composition", "composition"] = composition
OTHER_FIELDS.add("composition")


# =============================================================== properties of compositions (section 20)


def composition_property(claim, proof, field, bits):
    members(claim, "kind joins property"), members(proof, "kind")
    (joins, length), name = program(claim["joins"]), text(claim["property"])
    shown = {
        "s": ("primitive", "dominant", "s-composable"),
        "f": ("dominant", "f-composable"),
        "g": ("g-bounded", "g-composable"),
    }
    need(name in sum(shown.values(), ()), "unknown property: " + show(name))
    found = []  # of every join its kind, and whether a part of kind s stands for a tail of kind f in it
    for kind, operands in joins:
        need(kind in shown, f"the join {kind} needs mu > 0", Refused)
        standing = False
        for operand, wanted in zip(operands, {"s": "ss", "f": "sf", "g": "gs"}[kind]):
            if operand != "empty":
                part, inside = found[operand]
                fits = part == wanted or (part, wanted) == ("s", "f")
                need(fits, f"a join {kind} takes a part of kind {wanted}, not {part}", Refused)
                standing = standing or inside or part != wanted
        found.append((kind, standing))
    kind, standing = found[-1]
    need(name in shown[kind], f"a schedule of kind {kind} is not shown to be {name}", Refused)
    composable = name.endswith("composable")
    need(not (composable and standing), "a part of kind s stands for a tail of kind f", Refused)
    sentence = (
        f"The schedule of N = {length} steps that the {len(joins)} joins define for mu = 0 is {name},\n"
        "in the sense of section 16"
    )
    return sentence, None, None


PROOFS["composition-property", "composition-property"] = composition_property
OTHER_FIELDS.add("composition-property")


# =============================================================== proximal methods (section 19)


def subgradients(x, g, first):
    """f_i - f_j - <g_j, x_i - x_j> >= 0; f_i is scalar first + i, the last point is the minimiser."""

    def form(pair):
        (i, j), result = pair, {}
        for point, value in ((i, ONE), (j, -ONE)):
            if point < len(x) - 1:
                add(result, value, (first + point,))
        product(result, -ONE, g[j], minus(x[i], x[j]))
        return result

    return ">=", Pairs(len(x)), form


def proximal(claim, field):
    members(claim, "kind method steps rate")
    steps, name = [field.read(h) for h in items(claim["steps"])], text(claim["method"])
    rate, n, points = field.read(claim["rate"]), len(steps), Points(steps, True)
    need(name in ("proximal-gradient", "relaxed-proximal-point"), "unknown method: " + show(name))
    need(1 <= n <= MAX_STEPS, "the number of steps must be between 1 and 2048")
    need(all(sign(h) > 0 for h in steps), "the steps of a proximal method must be positive")
    end = f"N = {n}, h = [{', '.join(map(field.text, steps))}] satisfy\n"
    if name == "relaxed-proximal-point":
        y = [{**x, 1 + i: -1} for i, x in enumerate(points.x[:-1])] + [{}]
        families, scalars = {"interpolation": subgradients(y, points.g, 0)}, n + 1
        measure = {(n,): ONE}
        sentence = (
            "For every real Hilbert space, every lambda > 0, every closed, proper, convex f\n"
            "with a minimiser x_*, and every x_0, the points\n"
            f"  x_(i+1) = x_i - h_i (x_i - y_i), y_i = prox_(lambda f)(x_i),\n{end}"
            f"  f(y_N)-f(x_*)  <=  ({field.text(rate)}) / lambda * (|x_0-x_*|^2)"
        )
    else:
        # the subgradients s_1, .., s_N come after g_N, so the points move
        points.x[1:-1] = [{2 * n + 2 + i: 1} for i in range(n)]
        points.derived = [None] * (2 * n + 2)
        for i, h in enumerate(steps):
            points.derived.append([*((p, ONE) for p in points.x[i]), (1 + i, -h), (n + 2 + i, -h)])
        s = [{n + 2 + i: 1} for i in range(n)] + [{}]
        families = {
            "interpolation": points.interpolation(Fraction(0)),
            "convexity": subgradients(points.x[1:], s, n + 1),
        }
        scalars, measure = 2 * n + 1, {(n,): ONE, (2 * n,): ONE}
        sentence = (
            "For every real Hilbert space, every L > 0, every convex L-smooth f and\n"
            "closed, proper, convex r such that F = f + r has a minimiser x_*, and every x_0, the points\n"
            f"  x_(i+1) = prox_((h_i/L) r)(x_i - (h_i/L) grad f(x_i)),\n{end}"
            f"  F(x_N)-F(x_*)  <=  ({field.text(rate)}) * L * (|x_0-x_*|^2)"
        )
    return Statement(points.derived, scalars, families, measure, {(0, 0): ONE}, rate, sentence)


STATEMENTS["proximal"] = proximal


# =============================================================== quadratics (sections 17 and 18)


def convolution(a, b):
    result = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] = result[i + j] + x * y
    return result


def curvature_ratio(claim, field):
    need(not isinstance(field, Radicals), "these claims are over Q and number fields")
    m = field.read(claim["mu/L"])
    need(sign(m) > 0 and sign(1 - m) > 0, "mu/L must satisfy 0 < mu/L < 1")
    return m


def quadratic(claim, field):
    """m, the polynomial p with its constant first, the rate, whether it is extremal, and the sentence."""
    members(claim, "kind mu/L steps rate extremal")
    m, rate, extremal = curvature_ratio(claim, field), field.read(claim["rate"]), claim["extremal"]
    steps, p = [field.read(h) for h in items(claim["steps"])], [ONE]
    need(1 <= len(steps) <= MAX_STEPS, "the number of steps must be between 1 and 2048")
    need(sign(rate) > 0, "the rate must be positive")
    need(isinstance(extremal, bool), "extremal must be true or false")
    for h in steps:
        p = convolution(p, [ONE, -h])
    sentence = (
        "For every real inner-product space, every L > 0, every quadratic f with a minimiser x_*\n"
        f"and curvatures in [mu, L], mu = ({field.text(m)})*L, and every x_0, the points\n"
        f"  x_(i+1) = x_i - (h_i/L) grad f(x_i),\n"
        f"N = {len(steps)}, h = [{', '.join(map(field.text, steps))}] satisfy\n"
        f"  |x_N-x_*|  <=  ({field.text(rate)}) * |x_0-x_*|"
    )
    if extremal:
        sentence += (
            "\nand max |p| on [mu/L, 1] is at least this for all polynomials p of degree <= N, p(0) = 1"
        )
    return m, p, rate, extremal, sentence


def pell(claim, proof, field, bits):
    (m, p, rate, extremal, sentence), _ = quadratic(claim, field), members(proof, "kind factor")
    q = [field.read(c) for c in items(proof["factor"], len(p) - 1)]
    left, right = convolution(p, p), convolution([-m, 1 + m, -ONE], convolution(q, q))
    for k, (a, b) in enumerate(zip(left, right)):
        need_zero((0 if k else rate * rate) - a - b, f"c^2 - p^2 = (t - m)(1 - t) q^2 fails at t^{k}")
    # sign() and not bool(): minpoly is not known to be irreducible here
    need(not extremal or sign(p[-1]), "a step is zero, so the polynomial is not extremal", Refused)
    return sentence, rate, rate


def never_negative(coefficients, depth=24):
    """Refuse a polynomial in the Bernstein basis of an interval unless it is non-negative there."""
    signs = [sign(c) for c in coefficients]
    need(signs[0] >= 0 and signs[-1] >= 0, "the polynomial of the steps exceeds the rate", Refused)
    if min(signs) < 0:
        need(depth, "the polynomial of the steps comes too close to the rate", Undecided)
        rows = [coefficients]
        while len(rows[-1]) > 1:
            rows.append([(a + b) / 2 for a, b in pairwise(rows[-1])])
        never_negative([row[0] for row in rows], depth - 1)
        never_negative([row[-1] for row in reversed(rows)], depth - 1)


def bernstein(claim, proof, field, bits):
    (m, p, rate, extremal, sentence), _ = quadratic(claim, field), members(proof, "kind")
    need(not extremal, "bounds of a polynomial do not show that it is extremal", Refused)
    # t = m (1-s) + s and 1 = (1-s) + s make p homogeneous in 1-s and s
    n, basis, power = len(p) - 1, [Fraction(0)] * len(p), [ONE]
    for k, c in enumerate(p):
        rest = [Fraction(math.comb(n - k, i)) for i in range(n - k + 1)]
        basis = [a + c * b for a, b in zip(basis, convolution(power, rest))]
        power = convolution(power, [m, ONE])
    basis = [c / math.comb(n, k) for k, c in enumerate(basis)]
    for side in (1, -1):
        never_negative([rate + side * c for c in basis])
    ends = [c if sign(c) >= 0 else -c for c in (basis[0], basis[-1])]
    return sentence, rate, ends[0] if nonnegative(ends[0] - ends[1]) else ends[1]


def equalisation(claim, proof, field, bits):
    members(claim, "kind mu/L rate"), members(proof, "kind")
    m, rate = curvature_ratio(claim, field), field.read(claim["rate"])
    need(sign(rate) > 0 and sign(1 - rate) > 0, "the rate must lie between 0 and 1")
    low, high = 1 - rate, 1 + rate
    need_zero(low * low - m * (high * high), "the rate does not solve (1 - rate)^2 = m (1 + rate)^2")
    sentence = (
        f"With m = {field.text(m)}, U uniform on [0, 1] and 1/h = (1+m)/2 + ((1-m)/2) cos(pi U):\n"
        f"  E log|1 - h t|  =  log({field.text(rate)})  for every t in [m, 1]"
    )
    return sentence, rate, rate


PROOFS |= {
    ("quadratic", "pell"): pell,
    ("quadratic", "bernstein"): bernstein,
    ("arcsine", "equalisation"): equalisation,
}
OTHER_FIELDS |= {"quadratic", "arcsine"}


# =============================================================== networks (network-certificates.md)


MAX_LAYERS, MAX_SPLITS, MAX_CUTS, MAX_MATRIX = 1000, 1000, 5000, 4096


def vector(data, count=None):
    return list(map(rational, items(data, count)))


def network(data, last_slopes=False):
    """Layers (weights, bias, slopes or None)."""
    layers, width = [], None
    need(items(data), "a network has at least one layer")
    need(len(data) <= MAX_LAYERS, "a network has too many layers")
    for k, layer in enumerate(data):
        last = k == len(data) - 1
        members(layer, "weights bias" if last else "weights bias slopes", *(("slopes",) if last else ()))
        need(
            last_slopes or not last or "slopes" not in layer,
            "for this claim the last layer must have no slopes",
        )
        rows = [vector(row) for row in items(layer["weights"])]
        need(rows and rows[0], "a layer has at least one row and one column")
        need(all(len(row) == len(rows[0]) for row in rows), "the rows of a layer must have one length")
        need(width in (None, len(rows[0])), "a layer does not fit the layer before it")
        width = len(rows)
        slopes = vector(layer["slopes"], width) if "slopes" in layer else None
        need(all(0 <= s <= 1 for s in slopes or []), "slopes must lie in [0, 1]")
        layers.append((rows, vector(layer["bias"], width), slopes))
    need(max(max(len(rows), len(rows[0])) for rows, _, _ in layers) <= 20000, "a layer is too wide")
    need(
        sum(len(rows) * len(rows[0]) for rows, _, _ in layers) <= MAX_ITEMS, "a network has too many weights"
    )
    return layers


def shape(net):
    widths = [len(net[0][0][0]), *(len(rows) for rows, _, _ in net)]
    return "-".join(map(str, widths)) + " network of the file, over the real numbers"


def need_narrow(net, k):
    widest = max(len(rows[0]) for rows, _, _ in net[: k + 1])
    need(len(net[k][0]) * widest <= 10**8, "the forms of the neurons of a layer have too many coefficients")


def dot(a, b):
    return sum((x * y for x, y in zip(a, b) if x and y), Fraction(0))


def activated(values, slopes):
    return [y if y >= 0 else s * y for y, s in zip(values, slopes)] if slopes is not None else list(values)


def evaluate(net, point):
    for rows, bias, slopes in net:
        point = activated([dot(row, point) + b for row, b in zip(rows, bias)], slopes)
    return point


def box_of(claim, net):
    box, inputs = members(claim["box"], "lower upper"), len(net[0][0][0])
    lower, upper = vector(box["lower"], inputs), vector(box["upper"], inputs)
    need(all(a <= b for a, b in zip(lower, upper)), "the box is empty")
    return lower, upper


def in_box(point, box):
    inside = all(a <= x <= b for a, x, b in zip(box[0], point, box[1]))
    need(inside, "the given input does not lie in the box", Refused)


def region_of(claim, net):
    """Polyhedra as lists of (outputs, inputs, bound)."""
    inputs, outputs, region = len(net[0][0][0]), len(net[-1][0]), []
    for polyhedron in items(claim["region"]):
        region.append([])
        for atom in items(polyhedron):
            members(atom, "outputs bound", "inputs")
            form = vector(atom.get("inputs", ["0"] * inputs), inputs)
            region[-1].append((vector(atom["outputs"], outputs), form, rational(atom["bound"])))
    return region


def network_point(claim, proof, field, bits):
    members(claim, "kind network box region"), members(proof, "kind point")
    net = network(claim["network"])
    box, region, point = box_of(claim, net), region_of(claim, net), vector(proof["point"], len(net[0][0][0]))
    in_box(point, box)
    value = evaluate(net, point)
    reached = any(all(dot(c, value) + dot(d, point) <= b for c, d, b in polyhedron) for polyhedron in region)
    need(reached, "the value at the given input lies outside the region", Refused)
    return f"For the {shape(net)}, some x in the box has (x, f(x)) in the region", None, None


def collision(claim, proof, field, bits):
    members(claim, "kind network"), members(proof, "kind x y")
    net = network(claim["network"], True)
    x, y = (vector(proof[name], len(net[0][0][0])) for name in "xy")
    need(x != y, "the two inputs are equal", Refused)
    need(evaluate(net, x) == evaluate(net, y), "the values at the two inputs differ", Refused)
    return f"The {shape(net)}, is not injective", None, None


def network_vectors(net, with_one):
    """Section 4: (1), inputs, activations as basis vectors, then the arguments y_k as derived ones."""
    size = len(net[0][0][0]) + sum(len(rows) for rows, _, _ in net[:-1]) + with_one
    need(size <= MAX_MATRIX, f"a matrix with {size} rows is too large")
    start = int(with_one)
    before = list(range(start, start + len(net[0][0][0])))
    inputs, size, layers, derived = before, start + len(before), [], []
    for rows, _, _ in net[:-1]:
        layers.append(list(range(size, size + len(rows))))
        size += len(rows)
    arguments = []
    for k, (rows, bias, _) in enumerate(net):
        arguments.append(list(range(size + len(derived), size + len(derived) + len(rows))))
        for row, b in zip(rows, bias):
            derived.append(
                [(0, b)] * with_one + [(p, a) for p, a in zip(layers[k - 1] if k else before, row) if a]
            )
    return [None] * size + derived, inputs, layers, arguments


def network_lipschitz(claim, proof, field, bits):
    members(claim, "kind network rate"), members(proof, "kind multipliers", "pair")
    net, rate = network(claim["network"]), rational(claim["rate"])
    derived, inputs, activations, arguments = network_vectors(net, False)
    forms = []
    for (_, _, slopes), row, values in zip(net, activations, arguments):
        for s, z, y in zip(slopes, row, values):
            forms.append({(z, y): 1 + s, (z, z): -ONE, (y, y): -s})
    families = {"slopes": listed_family(">=", forms)} if forms else {}
    measure, normaliser = {(y, y): ONE for y in arguments[-1]}, {(x, x): ONE for x in inputs}
    statement = Statement(derived, 0, families, measure, normaliser, rate, "")
    by_multipliers(statement, field, {"multipliers": proof["multipliers"]})
    return lipschitz_constant(claim, net, rate, proof)


def lipschitz_constant(claim, net, rate, proof):
    """The sentence of a proved constant, and the quotient at the pair of inputs if there is one."""
    lower, largest = None, claim["kind"] == "network-lipschitz-maximum"
    if "pair" in proof:
        first, second = (vector(point, len(net[0][0][0])) for point in items(proof["pair"], 2))
        need(first != second, "the two inputs of the pair are equal")
        gaps = [
            [a - b for a, b in zip(*two)]
            for two in ((evaluate(net, first), evaluate(net, second)), (first, second))
        ]
        over, under = (max(map(abs, gap)) if largest else dot(gap, gap) for gap in gaps)
        lower = over / under
        need(lower <= rate, "the pair of inputs exceeds the constant", Refused)
    sentence = f"|f(x)-f(y)|^2 <= {rate} |x-y|^2 (Euclidean norms)"
    if largest:
        sentence = f"max |f_i(x)-f_i(y)| <= {rate} max |x_j-y_j|"
    return f"For the {shape(net)}, and all x, y: {sentence}", rate, lower


def network_differences(claim, proof, field, bits):
    """Section 6: |dz - (1+s)/2 dy| <= (1-s)/2 D, substituted from every argument down to the inputs."""
    members(claim, "kind network rate"), members(proof, "kind", "pair")
    net, rate, reach = network(claim["network"]), rational(claim["rate"]), []
    for k, (rows, _, _) in enumerate(net):
        need_narrow(net, k)
        bounds = []
        for row in rows:
            total = Fraction(0)
            for i in range(k - 1, -1, -1):
                below, _, slopes = net[i]
                total += sum(
                    (abs(c) * (1 - s) / 2 * d for c, s, d in zip(row, slopes, reach[i])), Fraction(0)
                )
                scaled = [c * (1 + s) / 2 for c, s in zip(row, slopes)]
                row = [dot(scaled, column) for column in zip(*below)]
            bounds.append(total + sum(map(abs, row)))
        reach.append(bounds)
    need(max(reach[-1]) <= rate, "the differences give a larger constant", Refused)
    return lipschitz_constant(claim, net, rate, proof)


class Piece:
    """Section 7: a cell given by signs of the first neurons, at the next one with an argument that varies."""

    def __init__(self, net, layer, rows, offset, slopes, inequalities):
        self.net, self.inequalities, width = net, inequalities, len(net[0][0][0])
        while net[layer][2] is not None:
            activation = net[layer][2]
            while len(slopes) < len(activation):
                j = len(slopes)
                if activation[j] != 1 and any(rows[j]):
                    self.state, self.jacobian = (layer, rows, offset, slopes), None
                    return
                slopes = [*slopes, ONE if activation[j] == 1 or offset[j] >= 0 else activation[j]]
            rows, offset = (
                [[s * a for a in row] for s, row in zip(slopes, rows)],
                [s * b for s, b in zip(slopes, offset)],
            )
            layer, slopes = layer + 1, []
            weights, bias, _ = net[layer]
            need(
                len(weights) * width <= MAX_ITEMS, "a layer has too many entries as a function of the inputs"
            )
            columns = [[row[i] for row in rows] for i in range(width)]
            rows = [[dot(row, column) for column in columns] for row in weights]
            offset = [dot(row, offset) + b for row, b in zip(weights, bias)]
        self.jacobian = rows

    def parts(self):
        layer, rows, offset, slopes = self.state
        a, b, s = rows[len(slopes)], offset[len(slopes)], self.net[layer][2][len(slopes)]
        below = [*self.inequalities, ([-c for c in a], -b)]
        return [
            Piece(self.net, layer, rows, offset, [*slopes, s], below),
            Piece(self.net, layer, rows, offset, [*slopes, ONE], [*self.inequalities, (a, b)]),
        ]


def network_pieces(claim, proof, field, bits):
    members(claim, "kind network rate"), members(proof, "kind cells", "pair")
    net, rate = network(claim["network"]), rational(claim["rate"])
    rows, bias, _ = net[0]
    pending = [Piece(net, 0, rows, bias, [], [])]
    for node in items(proof["cells"]):
        need(pending, "there are more cells than the cuts make")
        cell = pending.pop()
        if isinstance(node, dict):
            terms = sparse(members(node, "empty")["empty"], 1, rational)
            shown = terms and all(t < len(cell.inequalities) and m > 0 for (t,), m in terms)
            used = [(m, cell.inequalities[t]) for (t,), m in terms] if shown else []
            totals = [
                sum((m * c for (m, _), c in zip(used, column)), Fraction(0))
                for column in zip(*(a for _, (a, _) in used))
            ]
            constant = sum((m * b for m, (_, b) in used), Fraction(0))
            need(
                shown and not any(totals) and constant <= 0,
                "a cell is not shown to have no interior",
                Refused,
            )
            continue
        need(node in ("cut", "piece"), "a cell is a cut, a piece or empty: " + show(node))
        need(
            (node == "piece") == (cell.jacobian is not None), "a piece has all signs, a cut has not", Refused
        )
        if node == "cut":
            need(len(cell.inequalities) < MAX_CUTS, "a cell has too many cuts on the way to it")
            pending += reversed(cell.parts())
        elif claim["kind"] == "network-lipschitz-maximum":
            steepest = max(sum(map(abs, row)) for row in cell.jacobian)
            need(steepest <= rate, "the Jacobian of a piece exceeds the constant", Refused)
        else:
            gram = [
                [(rate if i == j else 0) - dot(a, b) for j, b in enumerate(cell.jacobian)]
                for i, a in enumerate(cell.jacobian)
            ]
            semidefinite(gram, [], "the residual of a piece")
    need(not pending, "the cells do not cover the space")
    return lipschitz_constant(claim, net, rate, proof)


def network_chain(claim, proof, field, bits):
    """Section 8: one matrix inequality for each layer."""
    members(claim, "kind network rate"), members(proof, "kind links", "pair")
    net, rate = network(claim["network"]), rational(claim["rate"])
    need(rate >= 0, "the square of a constant is not negative", Refused)
    need(len(items(proof["links"])) == len(net) - 1, "the chain must have one link for each hidden layer")

    def scaled_unit(size):  # rate I
        need(size <= MAX_MATRIX, f"a matrix with {size} rows is too large")
        return [[rate if i == j else Fraction(0) for j in range(size)] for i in range(size)]

    before = None
    for k, (link, (rows, _, slopes)) in enumerate(zip(proof["links"], net)):
        size, width = len(rows), len(rows[0])
        need(size <= MAX_MATRIX, f"a matrix with {size} rows is too large")
        weights = vector(members(link, "multipliers matrix")["multipliers"], size)
        need(all(t >= 0 for t in weights), "a multiplier is negative", Refused)
        lower = [vector(row, i + 1) for i, row in enumerate(items(link["matrix"], size))]
        after = [[lower[max(i, j)][min(i, j)] for j in range(size)] for i in range(size)]
        corner = [[(weights[i] if i == j else 0) - after[i][j] for j in range(size)] for i in range(size)]
        half = [(1 + s) * t / 2 for s, t in zip(slopes, weights)]
        if k == 0 and width > size and rate:
            block = [
                [corner[i][j] - half[i] * half[j] * dot(rows[i], rows[j]) / rate for j in range(size)]
                for i in range(size)
            ]
        else:
            need(width + size <= MAX_MATRIX, f"a matrix with {width + size} rows is too large")
            before = before or scaled_unit(width)
            scaled = [[s * t * a for a in row] for s, t, row in zip(slopes, weights, rows)]
            columns, images = list(zip(*rows)), list(zip(*scaled))
            block = [
                [before[i][j] + dot(columns[i], images[j]) for j in range(width)]
                + [-h * a for h, a in zip(half, columns[i])]
                for i in range(width)
            ]
            block += [[-half[i] * a for a in rows[i]] + corner[i] for i in range(size)]
        semidefinite(block, [], f"link {k} of the chain")
        before = after
    rows = net[-1][0]
    factors = list(zip(*rows)) if len(net) > 1 or len(rows[0]) <= len(rows) else rows
    before = before or scaled_unit(len(factors))
    end = [[c - dot(a, b) for c, b in zip(row, factors)] for row, a in zip(before, factors)]
    semidefinite(end, [], "the end of the chain")
    return lipschitz_constant(claim, net, rate, proof)


class EmptyCell(Exception):
    """The bounds of a neuron contradict each other, so no input lies in the cell."""


class Relaxation:
    """Section 3: proved bounds of the hidden neurons on a cell, and bounds of forms from them."""

    def __init__(self, data, net, box, signs):
        members(data, "lines layers")
        self.net, self.box, self.bounds, self.unstable, self.tables = net, box, [], [], []
        for table in items(data["lines"]):
            members(table, "lower upper", "limits")
            sides = [[vector(row) for row in items(table[side])] for side in ("lower", "upper")]
            self.tables.append((*sides, sparse(table.get("limits", []), 2, rational)))
        layers = []
        for layer in items(data["layers"]):
            members(layer, "lower upper lower-lines upper-lines")
            layers.append([(vector(layer[side]), layer[side + "-lines"]) for side in ("lower", "upper")])
        for k, ends in enumerate(layers[: len(net) - 1]):
            self._layer(k, ends, signs)
        need(len(layers) == len(net) - 1, "there must be bounds for every hidden layer")

    def _layer(self, k, ends, signs):
        size = len(self.net[k][0])
        for (claimed, lines), side, sense in zip(ends, ("lower", "upper"), (-1, 1)):
            lines = lines if isinstance(lines, list) else [lines] * size
            need(
                len(claimed) == size == len(lines),
                f"the bounds of hidden layer {k} do not fit its {size} neurons",
            )
            weights, bias, _ = self.net[k]
            need_narrow(self.net, k)
            for j, line in enumerate(lines):
                form = [sense * a for a in weights[j]]
                proved = self.pulled(k, sense * bias[j], form, line) <= sense * claimed[j]
                need(proved, f"the {side} bound of neuron {j} of hidden layer {k} is not proved", Refused)
        (lower, _), (upper, _) = ends
        for j in range(size):
            if (known := signs.get((k, j))) is not None:
                lower[j], upper[j] = (
                    (max(lower[j], 0), upper[j]) if known > 0 else (lower[j], min(upper[j], 0))
                )
        if any(a > b for a, b in zip(lower, upper)):
            raise EmptyCell
        self.unstable.append([j for j in range(size) if lower[j] < 0 < upper[j]])
        self.bounds.append((lower, upper))

    @staticmethod
    def largest(form, low, high):
        return sum((c * (b if c > 0 else a) for c, a, b in zip(form, low, high) if c), Fraction(0))

    def above(self, k, row, line, inputs=None):
        """An upper bound of row . y_k + inputs . x on the cell by the table `line`."""
        rows, bias, _ = self.net[k]
        return self.pulled(k, dot(row, bias), [dot(row, column) for column in zip(*rows)], line, inputs)

    def pulled(self, k, total, form, line, inputs=None):
        """An upper bound of total + form . z_(k-1) + inputs . x on the cell by the table `line`."""
        if line == -1 and type(line) is int:
            if k:
                slopes = self.net[k - 1][2]
                total += self.largest(form, *(activated(end, slopes) for end in self.bounds[k - 1]))
                return total + self.largest(inputs or [], *self.box)
        else:
            lower, upper, limits = self.tables[index(line, len(self.tables))]
            for i in range(k - 1, -1, -1):
                need(len(lower) > i < len(upper), f"table {line} does not reach down to hidden layer {i}")
                (low, high), where = self.bounds[i], self.unstable[i]
                fits = len(lower[i]) == len(where) == len(upper[i])
                need(fits, f"table {line} must have a slope for every unstable neuron of hidden layer {i}")
                under, over = dict(zip(where, lower[i])), dict(zip(where, upper[i]))
                for j, s in enumerate(self.net[i][2]):
                    c, l, u = form[j], low[j], high[j]  # noqa: E741
                    if c and j not in under:
                        form[j] = c if l >= 0 else c * s
                    elif c > 0:
                        form[j], total = c * over[j], total + c * max((s - over[j]) * l, (1 - over[j]) * u)
                    elif c < 0:
                        form[j], total = (
                            c * under[j],
                            total + c * min((s - under[j]) * l, (1 - under[j]) * u, 0),
                        )
                for (at, j), number in limits:
                    if at == i:
                        need(j < len(form), f"there is no neuron {j} of hidden layer {i}")
                        form[j] += number
                        total -= number * (low[j] if number > 0 else high[j])
                rows, bias, _ = self.net[i]
                total, form = total + dot(form, bias), [dot(form, column) for column in zip(*rows)]
        if inputs is not None:
            form = [a + b for a, b in zip(form, inputs)]
        return total + self.largest(form, *self.box)


def network_cases(claim, proof, field, bits):
    bound = claim["kind"] == "network-bound"
    members(claim, "kind network box objective rate" if bound else "kind network box region")
    members(proof, "kind cases", *(("point",) if bound else ()))
    net = network(claim["network"])
    box, inputs, rate = box_of(claim, net), len(net[0][0][0]), None
    if bound:
        rate, objective = rational(claim["rate"]), vector(claim["objective"], len(net[-1][0]))
        region = [[([-c for c in objective], [Fraction(0)] * inputs, -rate)]]
    else:
        region = region_of(claim, net)
    pending = [(box, {}, 0)]
    for number, node in enumerate(items(proof["cases"])):
        need(pending, "there are more nodes than the splits make")
        (lower, upper), signs, depth = pending.pop()
        if isinstance(node, dict) and "split" in node:
            need(depth < MAX_SPLITS, "a case has too many splits on the way to it")
            depth += 1
            kind, k, v = items(members(node, "split")["split"], 3)
            if kind == "input":
                index(k, inputs)
                v = rational(v)
                need(lower[k] <= v <= upper[k], "a split of the box misses it", Refused)
                pending.append((([*lower[:k], v, *lower[k + 1 :]], upper), signs, depth))
                pending.append(((lower, [*upper[:k], v, *upper[k + 1 :]]), signs, depth))
            else:
                need(kind == "sign", "unknown split: " + show(kind))
                key = index(k, len(net) - 1), index(v, len(net[k][0]))
                need(key not in signs, "the sign of a neuron is split twice", Refused)
                pending += [((lower, upper), signs | {key: side}, depth) for side in (1, -1)]
            continue
        members(node, "relaxation goals")
        goals = [members(goal, "lines weights") for goal in items(node["goals"])]
        goals = [(goal["lines"], vector(goal["weights"])) for goal in goals]
        try:
            relaxation = Relaxation(node["relaxation"], net, (lower, upper), signs)
        except EmptyCell:
            continue
        need(len(goals) == len(region), "a case must have a goal for every polyhedron")
        for (line, weights), atoms in zip(goals, region):
            need(len(weights) == len(atoms), "a goal must have a weight for every inequality")
            need(all(w >= 0 for w in weights), "a weight of a goal is negative", Refused)
            outputs = [-dot(weights, column) for column in zip(*(c for c, _, _ in atoms))] or [
                Fraction(0)
            ] * len(net[-1][0])
            extra = [-dot(weights, column) for column in zip(*(d for _, d, _ in atoms))] or None
            excess = relaxation.above(len(net) - 1, outputs, line, extra)
            excess += dot(weights, [b for _, _, b in atoms])
            proved = excess < 0 or (bound and excess == 0 and any(weights))
            need(proved, f"case {number} is not proved: the relaxation leaves {show(str(excess))}", Refused)
    need(not pending, "the tree of cases ends before all cases are settled")
    if not bound:
        return f"For the {shape(net)}, no x in the box has (x, f(x)) in the region", None, None
    return bound_and_point(net, box, objective, rate, proof)


def bound_and_point(net, box, objective, rate, proof):
    lower = None
    if "point" in proof:
        point = vector(proof["point"], len(net[0][0][0]))
        in_box(point, box)
        lower = dot(objective, evaluate(net, point))
    words = " + ".join(f"({c}) f_{i}(x)" for i, c in enumerate(objective) if c) or "0"
    return f"For the {shape(net)}, and every x in the box: {words} <= {rate}", rate, lower


def network_gram(claim, proof, field, bits):
    members(claim, "kind network box objective rate"), members(proof, "kind relaxation multipliers", "point")
    net, rate = network(claim["network"]), rational(claim["rate"])
    box, objective = box_of(claim, net), vector(claim["objective"], len(net[-1][0]))
    derived, inputs, activations, arguments = network_vectors(net, True)
    try:
        bounds = Relaxation(proof["relaxation"], net, box, {}).bounds
    except EmptyCell:
        raise Refused("the bounds of a hidden neuron are crossed") from None
    forms = {name: [] for name in ("inputs", "activation", "below", "above", "range", "triangle")}
    for x, low, high in zip(inputs, *box):
        forms["inputs"].append({(x, x): -ONE, (0, x): low + high, (): -low * high})
    for (_, _, slopes), row, values, (lower, upper) in zip(net, activations, arguments, bounds):
        for s, z, y, low, high in zip(slopes, row, values, lower, upper):
            a, b = activated([low, high], [s, s])
            chord = (b - a) / (high - low) if low != high else ONE if low >= 0 else s
            forms["activation"].append({(z, y): 1 + s, (z, z): -ONE, (y, y): -s})
            forms["below"].append({(0, z): ONE, (0, y): -s})
            forms["above"].append({(0, z): ONE, (0, y): -ONE})
            forms["range"].append({(z, z): -ONE, (0, z): a + b, (): -a * b})
            forms["triangle"].append({(0, y): chord, (0, z): -ONE, (): a - chord * low})
    families = {k: listed_family("=" if k == "activation" else ">=", v) for k, v in forms.items() if v}
    families["unit"] = listed_family("=", [{(0, 0): ONE, (): -ONE}])
    measure = {(0, y): c for y, c in zip(arguments[-1], objective)}
    statement = Statement(derived, 0, families, measure, {(): ONE}, rate, "")
    by_multipliers(statement, field, {"multipliers": proof["multipliers"]})
    return bound_and_point(net, box, objective, rate, proof)


PROOFS |= {
    ("network-bound", "network-cases"): network_cases,
    ("network-property", "network-cases"): network_cases,
    ("network-bound", "network-gram"): network_gram,
    ("network-lipschitz", "network-lipschitz"): network_lipschitz,
    ("network-lipschitz", "network-pieces"): network_pieces,
    ("network-lipschitz", "network-lipschitz-chain"): network_chain,
    ("network-lipschitz-maximum", "network-pieces"): network_pieces,
    ("network-lipschitz-maximum", "network-differences"): network_differences,
    ("network-counterexample", "network-point"): network_point,
    ("non-injective-network", "collision"): collision,
}


# =============================================================== relaxations along a line (section 5)


def at(poly, place):
    value = Fraction(0)
    for c in reversed(poly):
        value = value * place + c
    return value


def slope_of(poly):
    return [k * c for k, c in enumerate(poly)][1:]


def times(a, b):
    result = [Fraction(0)] * max(len(a) + len(b) - 1, 0)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return trimmed(result)


def common_factor(a, b):
    while b:
        a, b = b, divide(a, b)[1] if len(a) >= len(b) else a
    return a


class Along:
    """A rational function of t in lowest terms, the denominator monic; zero has no coefficients."""

    def __init__(self, above, below=(ONE,)):
        above, below = trimmed(above), list(below)
        common = common_factor(above, below) if above and len(below) > 1 else below if not above else [ONE]
        if len(common) > 1:
            above, below = (
                trimmed(divide(above, common)[0]) if above else [],
                trimmed(divide(below, common)[0]),
            )
        self.above, self.below = [c / below[-1] for c in above], [c / below[-1] for c in below]
        need(max(len(above), len(below)) <= 501, "the relaxation has a degree above 500", Undecided)

    def __add__(self, other):
        a, b = times(self.above, other.below), times(other.above, self.below)
        width = max(len(a), len(b))
        total = [
            x + y for x, y in zip(a + [Fraction(0)] * (width - len(a)), b + [Fraction(0)] * (width - len(b)))
        ]
        return Along(total, times(self.below, other.below))

    def __mul__(self, other):
        return Along(times(self.above, other.above), times(self.below, other.below))

    def __neg__(self):
        return Along([-c for c in self.above], self.below)

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return Along(times(self.above, other.below), times(self.below, other.above))

    def sign(self, where):
        return where(self.above) * where(self.below)


def beside(place, side):
    """The sign of a polynomial just left (-1) or right (1) of a place."""

    def where(poly):
        factor = 1
        while poly:
            if value := at(poly, place):
                return factor if value > 0 else -factor
            poly, factor = slope_of(poly), factor * side
        return 0

    return where


def throughout(start, end):
    """The sign of a polynomial on the open interval; Refused if it has a zero there."""

    def where(poly):
        if not poly:
            return 0
        inner = poly
        for place in (start, end):
            while len(inner) > 1 and not at(inner, place):
                inner = trimmed(divide(inner, [-place, ONE])[0])
        if len(inner) > 1:
            need(not roots_between(inner, start, end), "a decision changes inside the interval", Refused)
        return 1 if at(poly, (start + end) / 2) > 0 else -1

    return where


def relaxed(line, method, where, t=None):
    """The bound of the objective; numbers are fractions at the place t, or functions of t with signs."""
    (first, second), (lower, upper), objective = line
    if t is None:

        def number(a, b=None):
            return Along([a] if b is None else [a, b - a])

        def sign(value):
            return value.sign(where)

    else:

        def number(a, b=None):
            return a if b is None else a + t * (b - a)

        def sign(value):
            return (value > 0) - (value < 0)

    zero, one = number(Fraction(0)), number(ONE)
    layers = []
    for (rows, bias, slopes), (others, other_bias, _) in zip(first, second):
        moving = [[number(a, b) for a, b in zip(p, q)] for p, q in zip(rows, others)]
        layers.append((moving, [number(a, b) for a, b in zip(bias, other_bias)], slopes))
    box = [(number(a), number(b)) for a, b in zip(lower, upper)]
    tables = []

    def back(k, row):
        rows, bias, _ = layers[k]
        form, constant = [zero] * len(rows[0]), zero
        for c, weights, b in zip(row, rows, bias):
            form, constant = [f + c * w for f, w in zip(form, weights)], constant + c * b
        return form, constant

    def largest(form, constant, sides):
        for c, (low, high) in zip(form, sides):
            if s := sign(c):
                constant = constant + c * (high if s > 0 else low)
        return constant

    def substituted(k, row):
        form, constant = back(k, row)
        for j in range(k - 1, -1, -1):
            row = []
            for c, (below, least, above, most) in zip(form, tables[j]):
                s = sign(c)
                slope, shift = (above, most) if s > 0 else (below, least)
                constant = constant + c * shift
                row.append(c * slope if s else zero)
            form, more = back(j, row)
            constant = constant + more
        return largest(form, constant, box)

    inside, sides = method in ("box", "crown-ibp"), box
    for k, (rows, _, slopes) in enumerate(layers[:-1]):
        table, after = [], []
        for j, s in enumerate(slopes):
            unit = [one if i == j else zero for i in range(len(rows))]
            minus = [-one if i == j else zero for i in range(len(rows))]
            if inside or k == 0:
                top, bottom = largest(*back(k, unit), sides), -largest(*back(k, minus), sides)
            else:
                top, bottom = substituted(k, unit), -substituted(k, minus)
            slope = number(s)
            after.append(tuple(v if sign(v) >= 0 else slope * v for v in (bottom, top)))
            if s == 1 or sign(bottom) >= 0:
                table.append((one, zero, one, zero))
            elif sign(top) <= 0:
                table.append((slope, zero, slope, zero))
            elif method == "hbox":
                table.append((zero, slope * bottom, zero, top))
            elif method == "box":
                table.append(None)
            else:
                chord = (top - slope * bottom) / (top - bottom)
                under = chord if method == "deepz" else one if sign(top + bottom) > 0 else slope
                table.append((under, zero, chord, (slope - chord) * bottom))
        tables.append(table)
        if inside:
            sides = after
    row = [number(c) for c in objective]
    last = len(layers) - 1
    return largest(*back(last, row), sides) if method == "box" else substituted(last, row)


def relaxation_line(claim, more):
    members(claim, "kind first second box objective method " + more)
    first, second = network(claim["first"]), network(claim["second"])
    need(shape(first) == shape(second), "the two networks must have the same widths")
    need(
        [s for _, _, s in first] == [s for _, _, s in second],
        "the two networks must have the same activations",
    )
    need(
        claim["method"] in ("box", "hbox", "deepz", "crown", "crown-ibp"),
        "unknown method: " + show(claim["method"]),
    )
    line = (first, second), box_of(claim, first), vector(claim["objective"], len(first[-1][0]))
    weights = products = 0
    for rows, _, _ in first:
        products += len(rows) * (len(rows[0]) + weights)
        weights += len(rows) * len(rows[0])
    need(weights <= 10**5 and products <= 5 * 10**6, "the networks of a line are too large")
    return line, claim["method"], f"For the {shape(first)}, moved along the line, the {claim['method']} bound"


def relaxation_limits(claim, proof, field, bits):
    line, method, words = relaxation_line(claim, "place left right value")
    members(proof, "kind")
    place, left, right, value = (rational(claim[name]) for name in ("place", "left", "right", "value"))
    for side, claimed in ((-1, left), (1, right)):
        found = relaxed(line, method, beside(place, side))
        need(at(found.below, place), "the relaxation has a pole at the place", Refused)
        need(at(found.above, place) / at(found.below, place) == claimed, "a limit is another number", Refused)
    need(relaxed(line, method, None, place) == value, "the value at the place is another number", Refused)
    return f"{words} has the limits {left} and {right} at t = {place}, and the value {value}", None, None


def relaxation_piece(claim, proof, field, bits):
    line, method, words = relaxation_line(claim, "start end numerator denominator slope")
    members(proof, "kind")
    start, end, slope = (rational(claim[name]) for name in ("start", "end", "slope"))
    above, below = vector(claim["numerator"]), vector(claim["denominator"])
    need(start < end, "a piece starts before it ends")
    need(
        above and below and below[-1] == 1 and (len(above) == 1 or above[-1]),
        "coefficients are not in their form",
    )
    where = throughout(start, end)
    found = relaxed(line, method, where)
    need(
        (found.above or [0]) == above and found.below == below, "the relaxation is another function", Refused
    )
    where(below)
    rise = times(slope_of(found.above), below), times(found.above, slope_of(below))
    derivative = (Along(rise[0]) - Along(rise[1])) / Along(times(below, below))
    for side in (Along([slope]) - derivative, Along([slope]) + derivative):
        need(side.sign(where) >= 0, "the slope exceeds its claimed bound", Refused)
    return f"{words} has the given form for {start} < t < {end}, with slope at most {slope}", None, None


PROOFS |= {
    ("relaxation-limits", "moving-evaluation"): relaxation_limits,
    ("relaxation-piece", "moving-evaluation"): relaxation_piece,
}


# =============================================================== injectivity (injectivity.md)


def null_space(columns):
    """A basis of the vectors c with sum c_k columns[k] = 0."""
    rows, pivots, count = [list(map(Fraction, row)) for row in zip(*columns)], [], len(columns)
    for k in range(count):
        chosen = next((row for row in rows[len(pivots) :] if row[k]), None)
        if chosen is None:
            continue
        rows.remove(chosen)
        rows.insert(len(pivots), [c / chosen[k] for c in chosen])
        lead = rows[len(pivots)]
        rows = [
            row if row is lead or not row[k] else [a - row[k] * b for a, b in zip(row, lead)] for row in rows
        ]
        pivots.append(k)
    basis = []
    for free in (k for k in range(count) if k not in pivots):
        relation = [Fraction(int(k == free)) for k in range(count)]
        for row, k in zip(rows, pivots):
            relation[k] = -row[free]
        basis.append(relation)
    return basis


def spans(rows, dimension):
    return len(rows) >= dimension and not null_space(list(zip(*rows)))


def dependencies(claim, proof, field, bits):
    members(claim, "kind network"), members(proof, "kind layers")
    net = network(claim["network"], True)
    for (rows, bias, slopes), listed_ones in zip(net, items(proof["layers"], len(net))):
        dimension, supports = len(rows[0]), []
        always = [j for j in range(len(rows)) if slopes is None or slopes[j]]
        need(
            len(always) < len(rows) or not items(listed_ones),
            "a layer without rectifiers has no dependencies",
        )
        for data in items(listed_ones):
            pairs = [(j, c) for (j,), c in sparse(data, 1, rational)]
            need(all(j < len(rows) for j, _ in pairs), "a dependency names a row that does not exist")
            need(
                pairs and all(c > 0 for _, c in pairs), "a dependency is empty or has a weight <= 0", Refused
            )
            cancels = not any(sum(c * rows[j][i] for j, c in pairs) for i in range(dimension))
            need(cancels, "the weighted rows of a dependency do not sum to zero", Refused)
            need(
                sum(c * bias[j] for j, c in pairs) >= 0,
                "the weighted biases of a dependency are negative",
                Refused,
            )
            supports.append([j for j, _ in pairs])
        stack, cases = [(frozenset(always), frozenset())], 0
        while stack:
            active, inactive = stack.pop()
            cases += 1
            need(cases <= 5 * 10**6, "the dependencies lead to more than 5000000 cases", Undecided)
            if spans([rows[j] for j in active], dimension):
                continue
            support = next((rows_ for rows_ in supports if not active.intersection(rows_)), None)
            need(support is not None, "a case stays open: its active rows do not span", Refused)
            for j in support:
                if j not in inactive:
                    stack.append((active | {j}, inactive))
                    inactive |= {j}
    return f"The {shape(net)}, is injective on R^{len(net[0][0][0])}", None, None


def positive_combination(basis):
    """Whether the span of at most two vectors contains a vector with positive entries."""
    if len(basis) < 2:
        return any(all(c * s > 0 for c in vector_) for vector_ in basis for s in (1, -1))
    need(len(basis) == 2, "the images of two sectors are degenerate", Refused)
    turned = [(-s * b, s * a) for a, b in zip(*basis) for s in (1, -1)]
    candidates = [*zip(*basis), *((a + c, b + d) for a, b in turned for c, d in turned)]
    return any(all(a * x + b * y > 0 for a, b in zip(*basis)) for x, y in candidates)


def sectors(claim, proof, field, bits):
    members(claim, "kind network"), members(proof, "kind")
    net = network(claim["network"], True)
    plane = len(net[0][0][0]) == 2 and not any(any(bias) for _, bias, _ in net)
    need(plane, "the sectors of the plane are for two inputs and no biases")
    rays = [
        (u, u) for u in ((ONE, Fraction(0)), (Fraction(0), ONE), (-ONE, Fraction(0)), (Fraction(0), -ONE))
    ]

    def combined(a, first, b, second):
        return tuple(tuple(a * p + b * q for p, q in zip(*two)) for two in zip(first, second))

    for rows, _, slopes in net:
        mapped, rays = [(u, tuple(dot(row, z) for row in rows)) for u, z in rays], []
        for first, second in zip(mapped, mapped[1:] + mapped[:1]):
            signs = [(p, q) for p, q in zip(first[1], second[1]) if p * q < 0]
            rays += [
                first,
                *(
                    combined(a, first, 1, second)
                    for a in sorted({abs(q / p) for p, q in signs}, reverse=True)
                ),
            ]
        need(len(rays) <= 200000, "the network has too many linear pieces", Undecided)
        rays = [(u, tuple(activated(z, slopes))) for u, z in rays]
    faces = {}
    for first, second in zip(rays, rays[1:] + rays[:1]):
        need(not null_space([first[1], second[1]]), "the network is not injective on a sector", Refused)
        for face in ([first[1]], [first[1], second[1]]):
            pattern = tuple((c > 0) - (c < 0) for c in map(sum, zip(*face)))
            faces.setdefault(pattern, []).append(face)
    for group in faces.values():
        for k, first in enumerate(group):
            for second in group[:k]:
                relations = null_space([*first, *([-c for c in z] for z in second)])
                need(not positive_combination(relations), "two faces have images that meet", Refused)
    return f"The {shape(net)}, is injective on R^2", None, None


def probability(claim, proof, field, bits):
    members(claim, "kind inputs rows probability"), members(proof, "kind")
    n, m, value = index(claim["inputs"], 3), index(claim["rows"], 10001), rational(claim["probability"])
    need(n >= 1 and m >= 1, "there must be 1 or 2 inputs and at least one row")
    exact = 1 - Fraction(2, 2**m) if n == 1 else Fraction(0) if m < 4 else 1 - Fraction(2 * m * (m - 2), 2**m)
    need(value == exact, "the probability is another one", Refused)
    generic = "nonzero" if n == 1 else "nonzero and pairwise not parallel"
    sentence = (
        f"For {m} random rows in R^{n} that are almost surely {generic}, with fair signs\n"
        "that are independent of each other and of the lines that the rows span,\n"
        f"x -> max(0, W x) is injective with probability {show(str(value))}"
    )
    return sentence, None, None


def alternating(term, factor, decreasing_from, bits):
    """first - first c_1 + first c_1 c_2 - ..: neighbouring sums enclose it once the terms decrease."""
    total, k = term, 0
    while True:
        k += 1
        term = -term * factor(k)
        previous, total = total, total + term
        if k >= decreasing_from and abs(term) < Fraction(1, 1 << bits):
            return min(previous, total), max(previous, total)


def rounded(ends, bits):
    return Interval(math.floor(ends[0] * 2**bits), math.ceil(ends[1] * 2**bits), bits)


def normal(t, bits):
    """Density and upper tail of the standard normal distribution at a rational 0 <= t <= 8."""

    def arctangent(n):  # of 1/n
        ends = alternating(Fraction(1, n), lambda k: Fraction(2 * k - 1, (2 * k + 1) * n * n), 1, bits)
        return rounded(ends, bits)

    two_pi = 32 * arctangent(5) - 8 * arctangent(239)  # Machin
    h, factor = t * t / 2, square_root(two_pi, bits).inverse()
    exponential = rounded(alternating(ONE, lambda k: h / k, h + 1, bits), bits)
    integral = rounded(alternating(t, lambda k: h * Fraction(2 * k - 1, k * (2 * k + 1)), h + 1, bits), bits)
    return exponential * factor, HALF - integral * factor


def logarithm(v, bits):
    """ln v = 2 (z + z^3/3 + ..), z = (v-1)/(v+1), v > 0; the rest is below last term * z^2/(1-z^2)."""
    halvings = max(v.denominator.bit_length() - v.numerator.bit_length(), 0)
    if halvings:
        return logarithm(v * 2**halvings, bits) - halvings * logarithm(Fraction(2), bits)
    z = (v - 1) / (v + 1)
    power, total, k = z, z, 1
    while abs(power) * z * z / (1 - z * z) > Fraction(1, 1 << bits):
        k += 2
        power *= z * z
        total += power / k
    rest = Fraction(1, 1 << bits)
    return rounded((2 * (total - rest), 2 * (total + rest)), bits)


def threshold(claim, proof, field, bits):
    members(claim, "kind constant low high"), members(proof, "kind below above")
    low, high, below, above = (rational(part[name]) for part, name in (
        (claim, "low"), (claim, "high"), (proof, "below"), (proof, "above")
    ))  # fmt: skip
    bits = 64 + 4 * max(number.denominator.bit_length() for number in (low, high, below, above))
    need(bits <= 4096, "the ends have too many digits", Undecided)

    def entropy(p):
        first, second = p * logarithm(p, bits), (1 - p) * logarithm(1 - p, bits)
        return -(first + second) / logarithm(Fraction(2), bits) - HALF

    def gordon(t):
        density, tail = normal(t, bits)
        return t * density + 2 * tail - HALF

    # the function, whether it increases, the constant at its zero, whether that increases, end of the range
    table = {
        "mean-direction": (lambda s: normal(s, bits)[1] - s * s, False, lambda s: 1 / (s * s), False, ONE),
        "cell-union": (entropy, True, lambda p: 1 / p, False, HALF),
        "gordon": (gordon, False, lambda t: 1 / normal(t, bits)[1], True, Fraction(8)),
    }
    name = text(claim["constant"])
    need(name in table, "unknown constant: " + show(name))
    function, increasing, value, value_increasing, end = table[name]
    need(low <= high, "the ends of the enclosure are in the wrong order")
    need(0 < below < above < end, "the points must increase inside the range of the parameter", Refused)
    sense = -1 if increasing else 1
    changes = sign(function(below)) == sense and sign(function(above)) == -sense
    need(changes, "the function does not change sign between the points", Refused)
    first, last = (below, above) if value_increasing else (above, below)
    enclosed = nonnegative(value(first) - low) and nonnegative(high - value(last))
    need(enclosed, "the sign change does not prove the ends of the enclosure", Refused)
    return f"The injectivity threshold {name} of injectivity.md lies between {low} and {high}", None, None


PROOFS |= {
    ("injective-network", "positive-dependencies"): dependencies,
    ("injective-network", "planar-sectors"): sectors,
    ("injectivity-probability", "sign-count"): probability,
    ("injectivity-threshold", "sign-change"): threshold,
}


# ---- bounds for every schedule: mixtures of functions of one variable -----------------------------


class Line:
    """f on the line, f' piecewise linear with slopes in [m, 1], x_0 = 0.

    `parts` are (from, to, slope, f' at an end, that end).
    """

    def __init__(self, data, m):
        members(data, "points gradients ends")
        xs, gs = ([rational(a) for a in items(data[key])] for key in ("points", "gradients"))
        left, right = (rational(a) for a in items(data["ends"], 2))
        need(1 <= len(xs) <= 200 and len(gs) == len(xs), "a function has 1 to 200 points, as many gradients")
        need(all(xs[k] < xs[k + 1] for k in range(len(xs) - 1)), "the points of a function must increase")
        inner = [(a, b, (w - v) / (b - a), v, a) for a, b, v, w in zip(xs, xs[1:], gs, gs[1:])]
        self.parts = [(None, xs[0], left, gs[0], xs[0]), *inner, (xs[-1], None, right, gs[-1], xs[-1])]
        need(all(m <= part[2] <= 1 for part in self.parts), "a function is not in the class", Refused)
        below = (left > 0 or left == 0 >= gs[0]) and (right > 0 or right == 0 <= gs[-1])
        need(below, "a function is not bounded below", Refused)
        zeros = [e - v / s for a, b, s, v, e in self.parts if s and inside(e - v / s, a, b)]
        self.kinks, self.critical = xs, sorted({*xs, *zeros})
        self.heights = [Fraction(0)]
        for a, b, v, w in zip(xs, xs[1:], gs, gs[1:]):
            self.heights.append(self.heights[-1] + (b - a) * (v + w) / 2)
        self.best = min(self.critical, key=self.value)
        self.least = self.value(self.best)

    def part(self, x):
        return next(k for k, (a, b, *_) in enumerate(self.parts) if inside(x, a, b))

    def slope(self, x):
        _, _, s, v, e = self.parts[self.part(x)]
        return v + s * (x - e)

    def value(self, x):
        k = self.part(x)
        _, _, s, v, e = self.parts[k]
        return self.heights[max(k - 1, 0)] + (x - e) * (v + s * (x - e) / 2)

    def step(self, where, steps):
        """The range of x - h f'(x) for x and h in two intervals, one end of the first finite."""
        ends, low, high = [], True, True
        for a, b, s, *_ in self.parts:
            a, b = larger(a, where[0], max), larger(b, where[1], min)
            if a is not None and b is not None and a > b:
                continue
            x = [p for p in (a, b) if p is not None]
            for c, d in halves(steps):
                h = [p for p in (c, d) if p is not None]
                ends += [p - q * self.slope(p) for p in x for q in h]
                out = 0 if len(x) == 2 else 1 if b is None else -1
                up = 0 if len(h) == 2 else 1 if d is None else -1
                rates = [out * (1 - q * s) for q in h] + [-up * self.slope(p) for p in x] + [-out * up * s]
                low, high = low and min(rates) >= 0, high and max(rates) <= 0
        return min(ends) if low else None, max(ends) if high else None

    def slopes(self, where):
        x = [p for p in (*where, *self.kinks) if p is not None and inside(p, *where)]
        found = [self.slope(p) for p in x]
        down, up = where[0] is None and self.parts[0][2] > 0, where[1] is None and self.parts[-1][2] > 0
        return None if down else min(found), None if up else max(found)

    def gap(self, where):
        x = [p for p in (*where, *self.critical) if p is not None and inside(p, *where)]
        return min(self.value(p) for p in x) - self.least


def inside(x, low, high):
    return (low is None or low <= x) and (high is None or x <= high)


def larger(a, b, choose):
    return b if a is None else a if b is None else choose(a, b)


def halves(steps):
    return [(None, Fraction(0)), (Fraction(0), None)] if steps == (None, None) else [steps]


def least_square(ends):
    return min((e * e for e in ends if e is not None), default=0) * (not inside(0, *ends))


def on_a_line(f, measure, box):
    """Lower bounds of the measure for all steps in a box, one or N + 1 of them."""
    way = [(Fraction(0), Fraction(0))]
    for steps in box:
        way.append((None, None) if way[-1] == (None, None) else f.step(way[-1], steps))
    last, lost = way[-1], way[-1] == (None, None)
    if measure == "min_i |grad f(x_i)|^2":
        return [least_square(f.slopes(x)) if x != (None, None) else 0 for x in way]
    if measure == "|grad f(x_N)|^2":
        return [0 if lost else least_square(f.slopes(last))]
    if measure == "f(x_N)-f(x_*)":
        return [0 if lost else f.gap(last)]
    return [0 if lost else least_square(tuple(e if e is None else e - f.best for e in last))]


def every_schedule(claim, proof, field, bits):
    members(claim, "kind mu/L steps measure initial bound"), members(proof, "kind functions tree")
    m, bound, steps = rational(claim["mu/L"]), rational(claim["bound"]), index(claim["steps"], 17)
    measure, initial = pair_of_measures(claim)
    need(-1 <= m < 1 and steps >= 1 and bound > 0, "mu/L in [-1, 1), 1 to 16 steps, a positive bound")
    lines = [Line(data, m) for data in items(proof["functions"])]
    start = {
        "|x_0-x_*|^2": lambda f: f.best**2, "f(x_0)-f(x_*)": lambda f: f.value(Fraction(0)) - f.least,
        "|grad f(x_0)|^2": lambda f: f.slope(Fraction(0)) ** 2,
    }[initial]  # fmt: skip
    # limits of the format page: long numbers, and work
    cuts = [rational(node["at"]) for node in items(proof["tree"]) if isinstance(node, dict) and "at" in node]
    numbers = [a for f in lines for part in f.parts for a in part if a is not None] + cuts
    longest = max((max(a.numerator.bit_length(), a.denominator.bit_length()) for a in numbers), default=0)
    need(longest <= 2**14, "a number of the cover is too long")
    work = 0
    boxes = [[(None, None)] * steps]
    for node in items(proof["tree"]):
        need(boxes, "the tree has nodes without a box")
        box = boxes.pop()
        if isinstance(node, dict):
            members(node, "step at")
            k, at = index(node["step"], steps), rational(node["at"])
            need(inside(at, *box[k]) and at not in box[k], "a cut lies outside its box", Refused)
            boxes += [[*box[:k], (at, box[k][1]), *box[k + 1 :]], [*box[:k], (box[k][0], at), *box[k + 1 :]]]
            continue
        leaf = [(lines[index(items(pair, 2)[0], len(lines))], rational(pair[1])) for pair in items(node)]
        need(all(w >= 0 for _, w in leaf), "a weight is negative", Refused)
        order = [pair[0] for pair in node]
        need(order == sorted(set(order)), "the functions of a leaf must increase")
        work += steps * sum(len(f.kinks) + 2 for f, _ in leaf)
        need(work <= 4_000_000, "the leaves are more work than this checker takes on", Undecided)
        total = sum(w * start(f) for f, w in leaf)
        rows = list(zip(*([w * r for r in on_a_line(f, measure, box)] for f, w in leaf)))
        proved = total > 0 and all(sum(row) >= bound * total for row in rows)
        need(proved, f"a box of steps is not proved: {show(str(box))}", Refused)
    need(not boxes, "the tree lacks nodes")
    sentence = (
        f"No schedule of {steps} real steps x_(i+1) = x_i - (h_i/L) grad f(x_i) guarantees less than\n"
        f"{measure} = bound * {initial}, bound = {show(str(bound))} for L = 1,\n"
        f"on all functions with a minimiser and curvature between mu and L, mu/L = {show(str(m))}"
    )
    return sentence, None, None


PROOFS |= {("schedule-bound", "schedule-cover"): every_schedule}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(2)
    codes = {check(path) for path in sys.argv[1:]}
    sys.exit(1 if 1 in codes else 2 if 2 in codes else 0)
