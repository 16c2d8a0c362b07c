#!/usr/bin/env python3
"""Check certificates of the format pepkit-cert/1 with the Python standard library and nothing else.

    python3 -I -S pepcheck.py FILE...        prints the theorem that each file proves

Written from docs/certificate-format.md; section numbers below refer to that page. Only the claim, the multipliers and
the witness of a file are used, and the hypotheses are derived here. Exit codes: 0 every file is proved, 1 one is
refused or undecided, 2 one cannot be read or is no certificate of this format (or wrong usage).
"""

import hashlib
import itertools
import json
import math
import os
import re
import stat
import sys
from fractions import Fraction

MAX_BYTES, MAX_DIGITS, MAX_ITEMS, MAX_TEXT = 2**26, 6000, 4 * 10**6, 2000
MAX_DEGREE, MAX_PROGRAM, MAX_STEPS = 64, 10**5, 2048
MAX_BITS = 2**16  # of one number of a radical program, and of a minimal polynomial after clearing denominators
PRECISIONS = (128, 512, 2048, 8192)
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
    if not condition:
        raise error(message)


def show(data):
    """Text of a file for a message: short, and with nothing that a terminal obeys."""
    words = data if isinstance(data, str) else json.dumps(data) if len(repr(data)) < 500 else "(long)"
    return "".join(c if c.isprintable() else "?" for c in words[:200]) + ("..." if len(words) > 200 else "")


def is_index(data):
    return type(data) is int


def items(data):
    need(isinstance(data, list) and len(data) <= MAX_ITEMS, "a list is expected: " + show(data))
    return data


def pair(data):
    need(isinstance(data, list) and len(data) == 2, "a pair is expected: " + show(data))
    return data


def text(data):
    need(isinstance(data, str) and 0 < len(data) <= MAX_TEXT, "a non-empty text is expected: " + show(data))
    return data


def triangle(rows):
    need(isinstance(rows, list) and rows, "a lower triangle is expected: " + show(rows))
    need(all(isinstance(r, list) and len(r) == i + 1 for i, r in enumerate(rows)), "row i must have i entries (from 1)")
    return rows


def indices(entry, count):
    shape = isinstance(entry, list) and len(entry) == count + 1
    need(shape and all(map(is_index, entry[:-1])), "indices and a number are expected: " + show(entry))
    return tuple(entry[:-1])


def members(data, required, *optional):
    need(isinstance(data, dict), "an object is expected: " + show(data))
    required = required.split()
    need(set(required) <= set(data), "missing: " + show([k for k in required if k not in data]))
    unknown = [k for k in data if k not in required and k not in optional]
    need(not unknown, "unknown members: " + show(unknown))


# ---------------------------------------------------------------- numbers (section 2)
# A number is a Fraction, an Algebraic or an Interval; bool() is the zero test, and all three have + - * /.


class Algebraic:
    """num[0] + num[1] t + ... over den, where t = scale * theta is an algebraic integer of the field."""

    __slots__ = ("den", "field", "num")

    def __init__(self, field, num, den):
        divisor = math.gcd(den, *num)
        self.field, self.num, self.den = field, tuple(c // divisor for c in num), den // divisor

    def _lift(self, other):
        if isinstance(other, Algebraic):
            return other
        other = Fraction(other)
        return Algebraic(self.field, (other.numerator,) + (0,) * (self.field.degree - 1), other.denominator)

    def __bool__(self):
        return any(self.num)

    def __neg__(self):
        return Algebraic(self.field, [-c for c in self.num], self.den)

    def __add__(self, other):
        other = self._lift(other)
        return Algebraic(
            self.field, [a * other.den + b * self.den for a, b in zip(self.num, other.num)], self.den * other.den
        )

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if not isinstance(other, Algebraic):
            other = Fraction(other)
            return Algebraic(self.field, [c * other.numerator for c in self.num], self.den * other.denominator)
        degree, minpoly = self.field.degree, self.field.minpoly
        product = [0] * (2 * degree - 1)
        for i, a in enumerate(self.num):
            if a:
                for j, b in enumerate(other.num):
                    product[i + j] += a * b
        for k in range(2 * degree - 2, degree - 1, -1):
            if top := product[k]:
                for j in range(degree):
                    product[k - degree + j] -= top * minpoly[j]
        return Algebraic(self.field, product[:degree], self.den * other.den)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other):
        return self * (other.inverse() if isinstance(other, Algebraic) else 1 / Fraction(other))

    def __rtruediv__(self, other):
        return self.inverse() * other

    def inverse(self):
        """By Euclid's algorithm for the minimal polynomial and this number, keeping the cofactor of the number."""
        need(self, "division by zero")
        old, new = [Fraction(c) for c in self.field.minpoly], [Fraction(c, self.den) for c in self.num]
        cofactors = [Fraction(0)], [Fraction(1)]
        while True:
            while not new[-1]:
                new.pop()
            if len(new) == 1:
                break
            shift, rest, cofactor = len(old) - len(new), old[:], list(cofactors[0])
            for k in range(shift, -1, -1):
                quotient = rest[k + len(new) - 1] / new[-1]
                for j, c in enumerate(new):
                    rest[k + j] -= quotient * c
                cofactor += [Fraction(0)] * (k + len(cofactors[1]) - len(cofactor))
                for j, c in enumerate(cofactors[1]):
                    cofactor[k + j] -= quotient * c
            old, new, cofactors = new, rest[: len(new) - 1], (cofactors[1], cofactor)
            need(any(new), "a minimal polynomial has a proper factor")
        cofactor = [c / new[0] for c in cofactors[1]] + [Fraction(0)] * (self.field.degree - len(cofactors[1]))
        den = math.lcm(*(c.denominator for c in cofactor))
        return Algebraic(self.field, [int(c * den) for c in cofactor], den)

    def enclosure(self, bits):
        extra = max(c.bit_length() for c in self.num) - self.den.bit_length() + 4
        work = max(bits + max(extra, 0), 64)
        low = high = 0
        for c, (a, b) in zip(self.num, self.field.powers(work)):
            low, high = low + c * (a if c > 0 else b), high + c * (b if c > 0 else a)
        scale = self.den << (work - bits) if work >= bits else self.den
        return low // scale, -(-high // scale)

    def sign(self):
        if not any(self.num[1:]):
            return (self.num[0] > 0) - (self.num[0] < 0)
        bits = 64
        while bits < 2**20:
            low, high = self.enclosure(bits)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            bits *= 2
        raise Undecided("a sign in the number field needs more than a million bits")


class Interval:
    """A real number between low and high, in units of 2^-bits; what is visibly rational is a Fraction instead."""

    __slots__ = ("bits", "high", "low")

    def __init__(self, low, high, bits):
        need(max(-low, high).bit_length() <= MAX_BITS, "a number of the radical program is too large", Undecided)
        self.low, self.high, self.bits = low, high, bits

    def _lift(self, other):
        return other if isinstance(other, Interval) else Interval(*enclosure(Fraction(other), self.bits), self.bits)

    def __neg__(self):
        return Interval(-self.high, -self.low, self.bits)

    def __add__(self, other):
        other = self._lift(other)
        return Interval(self.low + other.low, self.high + other.high, self.bits)

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if not other:
            return Fraction(0)
        other = self._lift(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends) >> self.bits, -(-max(ends) >> self.bits), self.bits)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other):
        other = self._lift(other)
        sign(other)  # undecided if zero is inside
        ends = [Fraction(a << self.bits, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(math.floor(min(ends)), math.ceil(max(ends)), self.bits)

    def __rtruediv__(self, other):
        return Fraction(0) if not other else self._lift(other) / self

    def enclosure(self, bits):
        if bits >= self.bits:
            return self.low << (bits - self.bits), self.high << (bits - self.bits)
        return self.low >> (self.bits - bits), -(-self.high >> (self.bits - bits))

    def sign(self):
        need(self.low > 0 or self.high < 0, f"a sign is not decided with {self.bits} binary digits", Undecided)
        return 1 if self.low > 0 else -1


def enclosure(number, bits):
    """Integers low <= number * 2^bits <= high."""
    if not isinstance(number, Fraction):
        return number.enclosure(bits)
    num, den = number.numerator << max(bits, 0), number.denominator << max(-bits, 0)
    return num // den, -(-num // den)


def sign(number):
    return (number > 0) - (number < 0) if isinstance(number, Fraction) else number.sign()


def zero_test(number, message):
    """Refuse what is not zero; an interval is never known to be zero, but known not to be if zero is outside."""
    if number:
        sign(number)
        raise Refused(message)


def nonnegative(number):
    return (isinstance(number, Interval) and number.low >= 0) or sign(number) >= 0


def rational(data):
    """Section 2.1."""
    match = RATIONAL.fullmatch(data) if isinstance(data, str) and len(data) <= 2 * MAX_DIGITS + 2 else None
    short = match and all(len(part or "") <= MAX_DIGITS + 1 for part in match.groups())
    need(short, "not a rational number: " + show(data))
    num, den = int(match[1]), int(match[2] or 1)
    need((match[2] is None or den > 1) and math.gcd(num, den) == 1, "not in lowest terms: " + show(data))
    return Fraction(num, den)


class Rationals:
    def read(self, data):
        return rational(data)

    def text(self, number):
        return str(number)


class NumberField(Rationals):
    """Section 2.2: Q(theta) with theta the only root of the minimal polynomial between two rationals."""

    def __init__(self, data):
        need(isinstance(data["minpoly"], list) and 3 <= len(data["minpoly"]) <= MAX_DEGREE + 1, "degree of minpoly")
        need(isinstance(data["root"], list) and len(data["root"]) == 2, "root must have two ends")
        coefficients, ends = [rational(c) for c in data["minpoly"]], [rational(c) for c in data["root"]]
        need(coefficients[-1] == 1 and ends[0] < ends[1], "minpoly must be monic, and the ends of root increasing")
        self.degree = degree = len(coefficients) - 1
        self.scale = math.lcm(*(c.denominator for c in coefficients))
        size = self.scale.bit_length() * degree + max(max(abs(c.numerator) for c in coefficients).bit_length(), degree)
        need(size <= MAX_BITS, "the minimal polynomial is too large for this checker", Undecided)
        self.minpoly = [int(c * self.scale ** (degree - k)) for k, c in enumerate(coefficients)]
        self.note = (
            ""
            if shown_irreducible(self.minpoly)
            else "the minimal polynomial is not shown to be irreducible; the proof does not need it"
        )
        low, high = ends[0] * self.scale, ends[1] * self.scale
        need(real_roots_between(self.minpoly, low, high) == 1, "the interval must contain exactly one root of minpoly")
        # theta * scale lies between corner / unit and (corner + width) / unit; bisection doubles unit
        self.unit = math.lcm(low.denominator, high.denominator)
        self.corner, self.width = int(low * self.unit), int((high - low) * self.unit)
        self.sign_low, self.precise, self.table = polynomial_sign(self.minpoly, self.corner, self.unit), 0, []

    def read(self, data):
        if not isinstance(data, list):
            return rational(data)
        need(2 <= len(data) <= self.degree and data[-1] != "0", "coefficients: too few, too many, or the last is 0")
        coefficients = [rational(c) / self.scale**k for k, c in enumerate(data)]
        den = math.lcm(*(c.denominator for c in coefficients))
        return Algebraic(self, [int(c * den) for c in coefficients] + [0] * (self.degree - len(data)), den)

    def powers(self, bits):
        """Enclosures of 1, t, t^2, ... in units of 2^-bits, at least; the finest that were computed are kept."""
        if self.precise < bits:
            guard = (
                bits
                + self.degree
                * (2 + max(abs(self.corner), abs(self.corner + self.width)).bit_length() - self.unit.bit_length() + 2)
                + 8
            )
            guard = max(guard, bits + 8)
            while self.width << guard > self.unit:
                self.corner, self.unit = 2 * self.corner, 2 * self.unit
                if polynomial_sign(self.minpoly, self.corner + self.width, self.unit) == self.sign_low:
                    self.corner += self.width
            ends = (self.corner << guard) // self.unit, -(-(self.corner + self.width << guard) // self.unit)
            root = Interval(*ends, guard)
            power, self.table, self.precise = Interval(1 << guard, 1 << guard, guard), [], bits
            for _ in range(self.degree):
                self.table.append(power)
                power = power * root
        return [power.enclosure(bits) for power in self.table]

    def text(self, number):
        if isinstance(number, Fraction):
            return str(number)
        parts = [Fraction(c, number.den) * self.scale**k for k, c in enumerate(number.num)]
        names = ["", "*theta", *(f"*theta^{k}" for k in range(2, self.degree))]
        return " + ".join(f"{c}{name}" for c, name in zip(parts, names) if c)


class Radicals(Rationals):
    """Section 2.2: a straight-line program, evaluated in intervals of a given number of binary digits."""

    def __init__(self, data, bits):
        need(isinstance(data["program"], list) and len(data["program"]) <= MAX_PROGRAM, "length of the program")
        self.values, total = [], 0
        for line in data["program"]:
            need(isinstance(line, list) and line and isinstance(line[0], str), "an instruction is a list")
            if line[0] == "root":
                need(5 <= len(line) <= 12, "instruction: " + show(line))
                ends, line = [rational(end) for end in line[1:3]], line[3:]
                self.values.append(self._root(*ends, [self.read(operand) for operand in line], bits))
                continue
            need(len(line) == {"sqrt": 2, "+": 3, "-": 3, "*": 3, "/": 3}.get(line[0]), "instruction: " + show(line))
            self.values.append(self._step(line[0], *(self.read(operand) for operand in line[1:]), bits))
            if isinstance(value := self.values[-1], Fraction):
                size = max(value.numerator.bit_length(), value.denominator.bit_length())
                total += size
                need(size <= MAX_BITS and total <= 2**28, "the numbers of the radical program are too long", Undecided)

    @staticmethod
    def _step(name, *operands):
        *operands, bits = operands
        if name == "sqrt":
            need(nonnegative(operands[0]), "square root of a negative number")
            if isinstance(a := operands[0], Fraction):
                roots = math.isqrt(a.numerator), math.isqrt(a.denominator)
                if roots[0] ** 2 == a.numerator and roots[1] ** 2 == a.denominator:
                    return Fraction(*roots)
            low, high = enclosure(operands[0], 2 * bits)
            return Interval(math.isqrt(low), math.isqrt(high) + 1, bits)
        a, b = operands
        need(name != "/" or sign(b), "division by zero")
        return a + b if name == "+" else a - b if name == "-" else a * b if name == "*" else a / b

    @staticmethod
    def _root(low, high, poly, bits):
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
        left, right = at(poly, point(below)), at(poly, point(above))
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
        if not is_index(data):
            return rational(data)
        need(data < len(self.values), "no such instruction: " + show(data))
        return self.values[data]

    def text(self, number):
        return str(number) if isinstance(number, Fraction) else "a number of the radical program"


# ---------------------------------------------------------------- integer polynomials, constant term first


def polynomial_sign(poly, num, den):
    value, power = 0, 1
    for c in reversed(poly):
        value, power = value * num + c * power, power * den
    return (value > 0) - (value < 0)


def remainder(poly, monic, prime):
    poly = [c % prime for c in poly]
    for k in range(len(poly) - len(monic), -1, -1):
        if top := poly[k + len(monic) - 1]:
            for j, c in enumerate(monic):
                poly[k + j] = (poly[k + j] - top * c) % prime
    poly = poly[: len(monic) - 1]
    while poly and not poly[-1]:
        poly.pop()
    return poly


def times(a, b):
    product = [0] * max(len(a) + len(b) - 1, 0)
    for i, c in enumerate(a):
        for j, d in enumerate(b):
            product[i + j] += c * d
    return product


def power(base, exponent, monic, prime):
    result = [1]
    for bit in bin(exponent)[2:]:
        result = remainder(times(result, result), monic, prime)
        if bit == "1":
            result = remainder(times(result, base), monic, prime)
    return result


def gcd(a, b, prime):
    while b:
        inverse = pow(b[-1], -1, prime)
        b = [c * inverse % prime for c in b]
        a, b = b, remainder(a, b, prime)
    return a


def quotient(a, monic, prime):
    rest, result = list(a), [0] * (len(a) - len(monic) + 1)
    for k in range(len(result) - 1, -1, -1):
        result[k] = rest[k + len(monic) - 1] % prime
        for j, c in enumerate(monic):
            rest[k + j] -= result[k] * c
    return result


def degrees_modulo(poly, prime):
    """The degrees of the irreducible factors of a monic polynomial modulo a prime; None if one occurs twice."""
    poly, frobenius, degrees = [c % prime for c in poly], [0, 1], []
    if len(gcd(poly, remainder([k * c for k, c in enumerate(poly)][1:], poly, prime), prime)) > 1:
        return None
    for degree in itertools.count(1):
        if len(poly) <= 2 * degree:  # too small for two factors of this degree
            break
        frobenius = power(frobenius, prime, poly, prime)  # x^(prime^degree)
        moved = [a - b for a, b in itertools.zip_longest(frobenius, [0, 1], fillvalue=0)]
        part = gcd(poly, remainder(moved, poly, prime), prime)
        degrees += [degree] * ((len(part) - 1) // degree)
        poly = quotient(poly, part, prime)
        frobenius = remainder(frobenius, poly, prime)
    return degrees + [len(poly) - 1] * (len(poly) > 1)


def shown_irreducible(poly):
    """Whether the degrees of its factors modulo small primes leave no degree for a factor over Q.

    No answer says that the polynomial is reducible. The proof does not need this: it only uses that theta is a root.
    """
    possible = set(range(1, len(poly) - 1))
    for prime in (p for p in range(3, 300, 2) if all(p % q for q in range(3, p, 2))):
        if possible and (degrees := degrees_modulo(poly, prime)):
            sums = {0}
            for degree in degrees:
                sums |= {s + degree for s in sums}
            possible &= sums
    return not possible


def real_roots_between(poly, low, high):
    """Sturm's theorem, with integer remainders."""
    chain = [poly, [k * c for k, c in enumerate(poly)][1:]]
    while len(chain[-1]) > 1:
        rest, divisor = list(chain[-2]), chain[-1]
        for k in range(len(rest) - len(divisor), -1, -1):
            top, lead = rest[k + len(divisor) - 1], divisor[-1]
            rest = [c * abs(lead) for c in rest]
            for j, c in enumerate(divisor):
                rest[k + j] -= top * c * (1 if lead > 0 else -1)
        rest = rest[: len(divisor) - 1]
        while rest and not rest[-1]:
            rest.pop()
        if not rest:
            break
        content = math.gcd(*rest)
        chain.append([-c // content for c in rest])
    counts = []
    for end in (low, high):
        signs = [s for p in chain if (s := polynomial_sign(p, end.numerator, end.denominator))]
        counts.append(sum(a != b for a, b in itertools.pairwise(signs)))
    return counts[0] - counts[1]


# ---------------------------------------------------------------- statements (sections 3 to 5)
# A form is a dictionary from () (the constant), (s,) (a scalar) and (p, q), p <= q (a product of vectors) to numbers.

MEASURES = {"f(x_N)-f(x_*)": 1, "|grad f(x_N)|^2": 2, "min_i |grad f(x_i)|^2": 2, "|x_N-x_*|^2": 0}
INITIALS = {"|x_0-x_*|^2": 0, "f(x_0)-f(x_*)": 1, "|grad f(x_0)|^2": 2}


def add(form, number, key):
    form[key] = form[key] + number if key in form else number


def product(form, factor, u, v):
    """Add factor * <u, v>, for vectors as dictionaries from positions to integers."""
    for p, a in u.items():
        for q, b in v.items():
            add(form, factor * (a * b), (min(p, q), max(p, q)))


def minus(u, v):
    return {k: c for k in (*u, *v) if (c := u.get(k, 0) - v.get(k, 0))}


class Method:
    """A claim of kind `method` as a statement (section 4)."""

    def __init__(self, claim, field):
        members(claim, "kind class method measure initial rate")
        members(claim["class"], "L mu/L")
        self.m, self.rate, self.L = field.read(claim["class"]["mu/L"]), field.read(claim["rate"]), claim["class"]["L"]
        need(self.L == "L" or sign(field.read(self.L)) > 0, "L must be positive")
        need(sign(self.m + 1) >= 0 and sign(1 - self.m) > 0, "mu/L must satisfy -1 <= mu/L < 1")
        self.measure_name, self.initial_name, method = claim["measure"], claim["initial"], claim["method"]
        need(text(self.measure_name) in MEASURES, "unknown measure: " + show(self.measure_name))
        need(text(self.initial_name) in INITIALS, "unknown initial condition: " + show(self.initial_name))
        self.gradient_descent = isinstance(method, dict) and method.get("type") == "gradient-descent"
        members(method, "type steps" if self.gradient_descent else "type matrix")
        rows = method["steps" if self.gradient_descent else "matrix"]
        need(self.gradient_descent or method["type"] == "fixed-step", "unknown method: " + show(method["type"]))
        need(isinstance(rows, list) and 1 <= len(rows) <= MAX_STEPS, "the number of steps must be between 1 and 2048")
        if not self.gradient_descent:
            triangle(rows)
        self.steps = [field.read(h) if self.gradient_descent else [field.read(c) for c in h] for h in rows]
        distance, gradient = self.measure_name == "|x_N-x_*|^2", self.initial_name == "|grad f(x_0)|^2"
        convex, strongly = sign(self.m) >= 0, sign(self.m) > 0
        need(strongly or not distance or self.initial_name == "|x_0-x_*|^2", "this measure has no rate for mu <= 0")
        need(strongly or not gradient or self.measure_name != "f(x_N)-f(x_*)", "this pair has no rate for mu <= 0")
        need(convex or not gradient, "this initial condition has no rate for mu < 0")
        self.minimiser = convex or distance or self.initial_name == "|x_0-x_*|^2"
        self._build(len(rows))

    def _build(self, last):
        start = {0: 1} if self.minimiser else {}
        first = len(start)
        self.g = [{first + i: 1} for i in range(last + 1)] + [{}]
        self.x = [start] + [{first + last + i: 1} for i in range(1, last + 1)] + [{}]
        self.derived = [None] * (first + last + 1)
        for i, step in enumerate(self.steps):
            if self.gradient_descent:
                combination = [(p, Fraction(1)) for p in self.x[i]] + [(first + i, -step)]
            else:
                combination = [(p, Fraction(1)) for p in start] + [(first + k, -c) for k, c in enumerate(step)]
            self.derived.append(combination)
        smallest, points = self.measure_name == "min_i |grad f(x_i)|^2", last + 1 + self.minimiser
        self.scalars, self.last = last + 1 + smallest, last
        pairs = ((i, j) for i in range(points) for j in range(points) if i != j)
        self.families = {"interpolation": ("inequality", pairs)}
        if sign(self.m) < 0:
            self.families["infimum"] = ("inequality", ((i,) for i in range(last + 1)))
        if smallest:
            self.families["smallest-gradient"] = ("inequality", ((i,) for i in range(last + 1)))
        self.points = points
        one = Fraction(1)
        distance = {}
        product(distance, one, self.x[last], self.x[last])
        self.measure = {
            "f(x_N)-f(x_*)": {(last,): one},
            "|grad f(x_N)|^2": {(first + last,) * 2: one},
            "min_i |grad f(x_i)|^2": {(last + 1,): one},
            "|x_N-x_*|^2": distance,
        }[self.measure_name]
        self.normaliser = {
            "|x_0-x_*|^2": {(0, 0): one},
            "f(x_0)-f(x_*)": {(0,): one},
            "|grad f(x_0)|^2": {(first, first): one},
        }[self.initial_name]
        self.factor = Fraction(1, 2) / (1 - self.m)

    def form(self, family, index):
        one, result = Fraction(1), {}
        if family != "interpolation":
            (i,) = index
            need(i <= self.last, "no such hypothesis: " + show([family, *index]))
            g, scalar = self.g[i], (i,) if family == "infimum" else (self.last + 1,)
            product(result, Fraction(-1, 2) if family == "infimum" else one, g, g)
            add(result, one if family == "infimum" else -one, scalar)
            return result
        i, j = index
        need(i != j and max(i, j) < self.points, "no such hypothesis: " + show([family, *index]))
        for point, value in ((i, one), (j, -one)):
            if point <= self.last:
                add(result, value, (point,))
        dx, dg = minus(self.x[i], self.x[j]), minus(self.g[i], self.g[j])
        product(result, -one, self.g[j], dx)
        product(result, -self.factor, dg, dg)
        if self.m:
            product(result, -self.factor * self.m, dx, dx)
            product(result, 2 * self.factor * self.m, dg, dx)
        return result

    def sentence(self, field):
        m, power = field.text(self.m), MEASURES[self.measure_name] - INITIALS[self.initial_name]
        rate, scale = field.text(self.rate), {-2: " / L^2", -1: " / L", 0: "", 1: " * L", 2: " * L^2"}[power]
        name = (
            "convex L-smooth"
            if not self.m
            else "L-smooth (not necessarily convex)"
            if self.m == -1
            else (f"L-smooth and {'strongly convex' if sign(self.m) > 0 else 'hypoconvex'} with parameter mu = ({m})*L")
        )
        method = (
            "x_(i+1) = x_i - (h_i/L) grad f(x_i)"
            if self.gradient_descent
            else "x_i = x_0 - (1/L) sum over k < i of h_ik grad f(x_k)"
        )
        steps = (
            [field.text(c) for c in self.steps]
            if self.gradient_descent
            else ["[" + ", ".join(field.text(c) for c in row) + "]" for row in self.steps]
        )
        infimum = "a minimiser x_*" if self.minimiser else "a finite infimum, written f(x_*)"
        smoothness = "every L > 0" if self.L == "L" else "L = " + field.text(field.read(self.L))
        return (
            f"For every real inner-product space, {smoothness}, every {name}\n"
            f"f with {infimum}, and every x_0, the points\n  {method},\n"
            f"N = {self.last}, h = [{', '.join(steps)}] satisfy\n"
            f"  {self.measure_name}  <=  ({rate}){scale} * ({self.initial_name})"
        )


class Listed:
    """A claim of kind `listed` (section 5)."""

    def __init__(self, claim, field):
        kinds = {"inequalities": "inequality", "equalities": "equality", "matrix-inequalities": "matrix"}
        members(claim, "kind vectors scalars measure normaliser rate", "title", *kinds)
        self.field, self.names, self.derived, self.title = field, [], [], text(claim.get("title", "untitled"))
        for vector in items(claim["vectors"]):
            if isinstance(vector, dict):
                members(vector, "name definition")
                combination = [(index, field.read(c)) for index, c in map(pair, items(vector["definition"]))]
                earlier = all(is_index(index) and index < len(self.derived) for index, c in combination)
                need(earlier, "a vector is defined by earlier vectors")
                self.derived.append(combination)
            else:
                self.derived.append(None)
            self.names.append(show(text(vector["name"] if isinstance(vector, dict) else vector)))
        self.scalar_names = [show(text(name)) for name in items(claim["scalars"])]
        self.scalars, self.rate = len(self.scalar_names), field.read(claim["rate"])
        self.measure, self.normaliser = self._form(claim["measure"]), self._form(claim["normaliser"])
        self.lists, self.families, seen = {}, {}, set()
        for family, kind in kinds.items():
            read = self._form if kind != "matrix" else self._matrix
            self.lists[family] = [(text(name), read(data)) for name, data in map(pair, items(claim.get(family, [])))]
            self.families[family] = (kind, ((k,) for k in range(len(self.lists[family]))))
            for name, _ in self.lists[family]:
                need(name not in seen, "two hypotheses have the name " + show(name))
                seen.add(name)

    def _form(self, data):
        members(data, "", "quadratic", "linear", "constant")
        form, constant = {}, self.field.read(data.get("constant", "0"))
        for size, member, bound in ((2, "quadratic", len(self.derived)), (1, "linear", self.scalars)):
            previous = (-1,)
            for entry in items(data.get(member, [])):
                key = indices(entry, size)
                ordered = key == tuple(sorted(key)) and key > previous
                need(ordered and key[-1] < bound, "indices of a form: " + show(entry))
                form[key] = self.field.read(entry[-1])
                previous = key
        return form if not constant else form | {(): constant}

    def _matrix(self, data):
        return [[self._form(entry) for entry in row] for row in triangle(items(data))]

    def form(self, family, index):
        need(index[0] < len(self.lists[family]), "no such hypothesis: " + show([family, *index]))
        return self.lists[family][index[0]][1]

    def sentence(self, field):
        def words(form):
            names = [
                ""
                if not key
                else "*" + self.scalar_names[key[0]]
                if len(key) == 1
                else f"*<{self.names[key[0]]}, {self.names[key[1]]}>"
                for key in form
            ]
            return " + ".join(f"({field.text(c)}){name}" for c, name in zip(form.values(), names)) or "0"

        lines = [f"{show(self.title)}: for all vectors of a real inner-product space and all scalars that satisfy"]
        for family, sign_text in (("inequalities", ">="), ("equalities", "=")):
            lines += [f"  {show(name)}: {words(form)} {sign_text} 0" for name, form in self.lists[family]]
        for name, rows in self.lists["matrix-inequalities"]:
            triangle = [[words(f) for f in row] for row in rows]
            lines.append(f"  {show(name)}: the matrix with lower triangle {triangle} is positive semidefinite")
        for name, combination in zip(self.names, self.derived):
            if combination is not None:
                total = " + ".join(f"({field.text(c)})*{self.names[k]}" for k, c in combination)
                lines.append(f"  where {name} = {total or 0}")
        conclusion = f"  {words(self.measure)}  <=  ({field.text(self.rate)}) * ({words(self.normaliser)})"
        return "\n".join([*lines, "the inequality holds", conclusion])


# ---------------------------------------------------------------- the check (sections 6 to 9)


def residual(statement, field, multipliers):
    """Signs of the multipliers; then the constant must be >= 0, the scalars cancel, and S is returned (section 7)."""
    need(isinstance(multipliers, dict), "multipliers must be an object")
    total, zero = {}, Fraction(0)

    def subtract(factor, form):
        for key, c in form.items():
            add(total, -(factor * c), key)

    subtract(-statement.rate, statement.normaliser)
    subtract(Fraction(1), statement.measure)
    for family, entries in multipliers.items():
        need(family in statement.families, "the claim has no family " + show(family))
        width, previous = 2 if family == "interpolation" else 1, ()
        for entry in items(entries):
            index, kind = indices(entry, width), statement.families[family][0]
            need(index > previous, "indices must be strictly increasing: " + show([family, *index]))
            form, previous = statement.form(family, index), index
            if kind == "matrix":
                need(isinstance(entry[-1], list) and len(entry[-1]) == len(form), "size of a matrix multiplier")
                rows = [[field.read(c) for c in row] for row in triangle(entry[-1])]
                full = [[rows[max(i, j)][min(i, j)] for j in range(len(rows))] for i in range(len(rows))]
                semidefinite(full, [], "the multiplier of " + show([family, *index]))
                for i, row in enumerate(rows):
                    for j, c in enumerate(row):
                        subtract(c if i == j else 2 * c, form[i][j])
            else:
                multiplier = field.read(entry[-1])
                need(multiplier, "a multiplier is zero: " + show([family, *index]))
                signed = kind == "equality" or sign(multiplier) > 0
                need(signed, "a multiplier is negative: " + show([family, *index]), Refused)
                subtract(multiplier, form)
    need(nonnegative(total.pop((), zero)), "the constant of the residual is negative", Refused)
    size = len(statement.derived)
    S = [[zero] * size for _ in range(size)]
    for key, c in total.items():
        if len(key) == 1:
            zero_test(c, f"scalar {key[0]} does not cancel in the identity")
        elif key[0] == key[1]:
            S[key[0]][key[0]] = c
        else:
            S[key[0]][key[1]] = S[key[1]][key[0]] = c / 2
    for k in range(size - 1, -1, -1):
        if statement.derived[k] is not None:  # v_k = sum a_i v_i: eliminate it, later vectors are gone already
            half_corner, u = S[k][k] / 2, [S[i][k] for i in range(k)]
            for i, a in statement.derived[k]:
                u[i] = u[i] + half_corner * a
            for i, a in statement.derived[k]:
                for j, c in enumerate(u):
                    if c:
                        S[i][j] = S[i][j] + a * c
                        S[j][i] = S[j][i] + a * c
    basis = [k for k in range(size) if statement.derived[k] is None]
    return [[S[i][j] for j in basis] for i in basis]


def definite(matrix, bits):
    """Whether the matrix is shown to be positive definite: after scaling by powers of two, a rounded Cholesky factor in
    integers leaves a diagonally dominant rest. Every step after the choice of the factor is exact."""
    size, exponents = len(matrix), []
    for i in range(size):
        low = enclosure(matrix[i][i], bits)[0]
        if low <= 0:
            return False
        exponents.append((bits - low.bit_length()) // 2)
    bounds = [[enclosure(matrix[i][j], bits + exponents[i] + exponents[j]) for j in range(i + 1)] for i in range(size)]
    factor, debt, shift = [], [0] * size, 1 << bits // 2
    for i in range(size):
        row = []
        for j in range(i + 1):
            other = factor[j] if j < i else row
            rest = (bounds[i][j][0] - (shift if i == j else 0) << bits) - sum(map(int.__mul__, row, other))
            if i == j and rest <= 0:
                return False
            row.append(math.isqrt(rest) if i == j else rest // factor[j][j])
        factor.append(row)
    spare = []
    for i in range(size):
        for j in range(i + 1):
            square = sum(map(int.__mul__, factor[i][: j + 1], factor[j]))
            low, high = ((bound << bits) - square for bound in bounds[i][j])
            if i == j:
                spare.append(low)
            else:
                error = max(abs(low), abs(high))
                debt[i] += error
                debt[j] += error
    return all(s >= d for s, d in zip(spare, debt))


def semidefinite(matrix, kernel, name):
    """Section 8 for the kernel, then definiteness of the rest in integers, else the exact elimination L D L^T."""
    pivots, echelon = [], []
    for z in kernel:
        for row in matrix:
            total = sum((a * b for a, b in zip(row, z) if a and b), Fraction(0))
            zero_test(total, "a kernel vector is not in the kernel of " + name)
        for p, other in zip(pivots, echelon):
            if z[p]:
                factor = z[p] / other[p]
                z = [a - factor * b for a, b in zip(z, other)]
                z[p] = Fraction(0)
        pivot = next((k for k, c in enumerate(z) if c and (not isinstance(c, Interval) or sign(c))), None)
        need(pivot is not None, "the kernel vectors are linearly dependent", Refused)
        pivots.append(pivot)
        echelon.append(z)
    matrix = [[c for j, c in enumerate(row) if j not in pivots] for i, row in enumerate(matrix) if i not in pivots]
    if any(definite(matrix, bits) for bits in (64, 128, 256)):
        return
    while matrix:
        first, matrix = matrix[0], matrix[1:]
        corner, rest = first[0], first[1:]
        need(sign(corner) >= 0, name + " is not positive semidefinite", Refused)
        if not corner:
            for c in rest:
                zero_test(c, name + " is not positive semidefinite")
        ratios = [c / corner if c else c for c in rest]
        matrix = [[a - r * c if r and c else a for a, c in zip(row[1:], rest)] for row, r in zip(matrix, ratios)]


def lower_bound(statement, field, witness):
    """Section 9: every hypothesis at the witness; returns measure / normaliser there."""
    members(witness, "coordinates scalars")
    given = iter([[field.read(c) for c in items(row)] for row in items(witness["coordinates"])])
    scalars, vectors, gram = [field.read(c) for c in items(witness["scalars"])], [], {}
    need(len(scalars) == statement.scalars, "number of scalars of the witness")
    need(len(witness["coordinates"]) == statement.derived.count(None), "number of vectors of the witness")
    need(len({len(row) for row in witness["coordinates"]}) <= 1, "the vectors of the witness differ in length")
    for combination in statement.derived:
        if combination is None:
            vectors.append(next(given))
        else:
            vector = [Fraction(0)] * len((witness["coordinates"] or [[]])[0])
            for i, a in combination:
                vector = [c + a * b for c, b in zip(vector, vectors[i])]
            vectors.append(vector)

    def value(form):
        total = Fraction(0)
        for key, c in form.items():
            if len(key) == 2 and key not in gram:
                gram[key] = sum((a * b for a, b in zip(vectors[key[0]], vectors[key[1]]) if a and b), Fraction(0))
            total = total + c * (gram[key] if len(key) == 2 else scalars[key[0]] if key else 1)
        return total

    for family, (kind, indices) in statement.families.items():
        for index in indices:
            form, name = statement.form(family, index), show([family, *index])
            if kind == "matrix":
                lower = [[value(entry) for entry in row] for row in form]
                full = [[lower[max(i, j)][min(i, j)] for j in range(len(lower))] for i in range(len(lower))]
                semidefinite(full, [], "at the witness, " + name)
            elif kind == "equality":
                zero_test(value(form), "the witness breaks " + name)
            else:
                need(nonnegative(value(form)), "the witness breaks " + name, Refused)
    normaliser = value(statement.normaliser)
    need(sign(normaliser) > 0, "the normaliser is not positive at the witness", Refused)
    return value(statement.measure) / normaliser


def decimal(number):
    low, high = enclosure(number, 200)
    return f"{float(Fraction(low + high, 2**201)):.12g}"


def verify(data, bits):
    """The lines to print for a certificate; radicals are evaluated with this many binary digits."""
    members(data, "format field claim multipliers", "kernel", "witness", "provenance")
    need(data["format"] == "pepkit-cert/1", "the format is not pepkit-cert/1: " + show(data["format"]))
    need(isinstance(data["field"], dict) and isinstance(data["claim"], dict), "field and claim must be objects")
    need(isinstance(data.get("provenance", {}), dict), "provenance must be an object")
    kinds = {"rationals": "kind", "number-field": "kind minpoly root", "radicals": "kind program"}
    kind = data["field"].get("kind")
    need(isinstance(kind, str) and kind in kinds, "unknown kind of field: " + show(kind))
    members(data["field"], kinds[kind])
    field = {
        "rationals": lambda: Rationals(),
        "number-field": lambda: NumberField(data["field"]),
        "radicals": lambda: Radicals(data["field"], bits),
    }[kind]()
    kind = data["claim"].get("kind")
    need(kind in ("method", "listed"), "unknown kind of claim: " + show(kind))
    statement = (Method if kind == "method" else Listed)(data["claim"], field)
    S = residual(statement, field, data["multipliers"])
    kernel = [[field.read(c) for c in items(z)] for z in items(data.get("kernel", []))]
    need(all(len(z) == len(S) for z in kernel), "a kernel vector has the wrong length")
    semidefinite(S, kernel, "the residual matrix")
    lines = ["proved. " + statement.sentence(field), f"rate = {decimal(statement.rate)}"]
    if isinstance(field, NumberField):
        lines.append(
            f"theta = {decimal(field.read(['0', '1']))}, the root of {show(data['field']['minpoly'])} "
            f"(constant first) between {' and '.join(map(show, data['field']['root']))}"
        )
    if "witness" in data:
        lower = lower_bound(statement, field, data["witness"])
        tight = not (statement.rate - lower)
        lines.append(
            "no smaller rate holds: the witness attains it"
            if tight
            else f"no rate below {field.text(lower)} = {decimal(lower)} holds, by the witness"
        )
    if getattr(field, "note", ""):
        lines.append("note: " + field.note)
    whole = canonical(data, field)
    claim = {k: whole[k] for k in ("claim", "field", "format")}
    return [*lines, "digest " + digest(whole), "claim digest " + digest(claim)]


def digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def canonical(data, field):
    """The canonical data of a certificate that has been verified (section 10)."""

    def number(value):
        if not isinstance(field, Radicals) or isinstance(value, str):
            return value
        if isinstance(value, list):
            return [number(entry) for entry in value]
        return str(field.values[value]) if isinstance(field.values[value], Fraction) else value

    def entries(values):
        return [[*entry[:-1], number(entry[-1])] for entry in values]

    def form(parts):
        parts = {k: number(v) if k == "constant" else entries(v) for k, v in parts.items()}
        return {k: v for k, v in parts.items() if v not in ([], "0")}

    claim, method = dict(data["claim"]), data["claim"].get("method")
    claim["rate"] = number(claim["rate"])
    if method:
        claim["class"] = {k: v if v == "L" else number(v) for k, v in claim["class"].items()}
        claim["method"] = {k: v if k == "type" else number(v) for k, v in method.items()}
    else:
        claim |= {"measure": form(claim["measure"]), "normaliser": form(claim["normaliser"])}
        claim["vectors"] = [
            v if isinstance(v, str) else v | {"definition": entries(v["definition"])} for v in claim["vectors"]
        ]
        for family in ("inequalities", "equalities"):
            claim[family] = [[name, form(f)] for name, f in claim.get(family, [])]
        claim["matrix-inequalities"] = [
            [name, [[form(f) for f in row] for row in rows]] for name, rows in claim.get("matrix-inequalities", [])
        ]
        claim = {k: v for k, v in claim.items() if v or k in ("vectors", "scalars", "measure", "normaliser")}
    result = data | {"claim": claim, "multipliers": {k: entries(v) for k, v in data["multipliers"].items()}}
    for k in ("kernel", "witness"):
        if k in data:
            result[k] = number(data[k]) if k == "kernel" else {m: number(v) for m, v in data[k].items()}
    return {k: v for k, v in result.items() if k != "provenance" and (k != "kernel" or v)}


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "an object has the same key twice")
    return dict(pairs)


def index(digits):
    need(digits.isdigit() and len(digits) <= 9, "not an index: " + show(digits))
    return int(digits)


def refuse_number(digits):
    raise Malformed("a JSON number with a fraction or an exponent: " + show(digits))


def read(path):
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        need(stat.S_ISREG(os.fstat(file.fileno()).st_mode), "not a regular file")
        raw = file.read(MAX_BYTES + 1)
    need(len(raw) <= MAX_BYTES, "the file is larger than 64 MiB")
    need(sum(map(raw.count, b",[{")) <= 4 * MAX_ITEMS, "the file has too many entries")
    try:
        data = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=unique,
            parse_int=index,
            parse_float=refuse_number,
            parse_constant=refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from None
    return data


def check(path):
    """The exit code for one file, after printing what was found."""
    try:
        data = read(path)
        for bits in PRECISIONS:
            try:
                lines = verify(data, bits)
                break
            except Undecided:
                if bits == PRECISIONS[-1] or data["field"]["kind"] != "radicals":
                    raise
    except (Malformed, Refused, Undecided, OSError, RecursionError, MemoryError) as error:
        word = {Refused: "refused", Undecided: "undecided", Malformed: "malformed"}.get(type(error), "not read")
        print(f"{show(path)}: {word}: {error if str(error) else type(error).__name__}")
        return 2 if word in ("malformed", "not read") else 1
    print(show(path) + ": " + "\n  ".join("\n".join(lines).split("\n")))
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(2)
    codes = {check(path) for path in sys.argv[1:]}
    sys.exit(1 if 1 in codes else 2 if 2 in codes else 0)
