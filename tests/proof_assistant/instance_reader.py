"""Reads a Coq instance back and runs the check that proofs/README.md describes, in rational numbers.

It shares no code with the writer. An algebraic number is replaced by a rational one that is 2^-900 close to it, so an
equality counts as true if it holds up to 2^-400; the inequalities have far more room.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

CLOSE = Fraction(1, 1 << 400)


def accepted(source: str) -> bool:
    """Whether the checker of the theory accepts the certificate in the file, to the accuracy said above."""
    return _Instance(source).check()


class _Instance:
    def __init__(self, source: str) -> None:
        self.definitions = dict(re.findall(r"Definition (\w+)[^:=]*(?::[^=]*)?:= (.*?)\.\n", source, re.DOTALL))
        self.packed = {
            name: [int(a) for a in body[2:-9].split(";") if a]
            for name, body in self.definitions.items()
            if body.startswith("([") and body.endswith("])%uint63")
        }
        self.powers = self._powers(self.definitions["K"])

    @staticmethod
    def _powers(ring: str) -> list[Fraction]:
        if ring == "integers":
            return [Fraction(1)]
        if quadratic := re.fullmatch(r"\(quadratic (\d+)\)", ring):
            return [Fraction(1), Fraction(math.isqrt(int(quadratic[1]) << 1800), 1 << 900)]
        general = re.fullmatch(r"\(number_field \[(.*)\]%Z \((-?\d+)\)%Z \((-?\d+)\)%Z (\d+)%positive\)", ring)
        relation = [int(c) for c in general[1].split(";")]
        low, high = (Fraction(int(general[k]), 1 << int(general[4])) for k in (2, 3))

        def value(x: Fraction) -> Fraction:
            return x ** len(relation) - sum(c * x**k for k, c in enumerate(relation))

        rising = value(high) > 0
        assert (value(low) > 0) != rising
        for _ in range(900):
            middle = Fraction(math.floor((low + high) / 2 * (1 << 960)), 1 << 960)
            low, high = (low, middle) if (value(middle) > 0) == rising else (middle, high)
        return [low**k for k in range(len(relation))]

    def integers(self, term: str) -> list[int]:
        words = [w for name in re.findall(r"\w+_\d+", term) for w in self.packed[name]]
        result, position = [], 0
        while position < len(words):
            count, sign = divmod(words[position], 2)
            digits = words[position + 1 : position + 1 + count]
            result.append((-1 if sign else 1) * sum(d << (60 * k) for k, d in enumerate(digits)))
            position += 1 + count
        return result

    def elements(self, term: str) -> list[Fraction]:
        numbers, width = self.integers(term), len(self.powers)
        return [
            sum((a * p for a, p in zip(numbers[k : k + width], self.powers, strict=True)), Fraction(0))
            for k in range(0, len(numbers), width)
        ]

    def scalar(self, term: str) -> Fraction:
        plain = re.fullmatch(r"\(scalar K \(?(-?\d+)\)?\)", term)
        return Fraction(int(plain[1])) if plain else self.elements(term)[0]

    def entries(self, name: str, arity: int) -> list[tuple[tuple[int, ...], Fraction]]:
        if self.definitions[name] == "[]":
            return []
        numbers, width = self.integers(self.definitions[name]), arity + len(self.powers)
        return [
            (
                tuple(numbers[k : k + arity]),
                sum(
                    (a * p for a, p in zip(numbers[k + arity : k + width], self.powers, strict=True)),
                    Fraction(0),
                ),
            )
            for k in range(0, len(numbers), width)
        ]

    def check(self) -> bool:
        scalar = r"(\(scalar K \(?-?\d+\)?\)|\(hd .*?\)\)\)\))"
        problem = re.fullmatch(
            rf"Problem K (\w+) (\w+) (\w+)\s+{scalar} {scalar} {scalar} \((\w+) K (.*)\)", self.definitions["problem"]
        )
        star, measure, initial, mu, delta, denominator, kind, method = problem.groups()
        mu, delta, denominator = self.scalar(mu), self.scalar(delta), self.scalar(denominator)
        if kind == "GradientDescent":
            steps = self.elements(self.definitions["steps"])
            rows = [steps[:i] for i in range(1, len(steps) + 1)]
        else:
            rows = [self.elements(self.definitions[name]) for name in re.findall(r"row_\d+", method)]
        numerator, common = re.fullmatch(
            rf"Certificate K {scalar} {scalar}\s+interpolation infimum smallest kernel columns",
            self.definitions["certificate"],
        ).groups()
        numerator, common = self.scalar(numerator), self.scalar(common)
        count = len(rows)
        size = count + 2

        def unit(k: int, value: Fraction) -> list[Fraction]:
            return [value if j == k else Fraction(0) for j in range(size)]

        zero = [Fraction(0)] * size
        # basis x_0 - x_*, g_0 / D, ..: a gradient is D times a basis vector
        x = [unit(0, Fraction(1)) if star == "true" else zero]
        x += [[a - h for a, h in zip(x[0], [0, *row, *[0] * (size - 1 - len(row))], strict=True)] for row in rows]
        g = [unit(1 + i, denominator) for i in range(count + 1)]
        if star == "true":
            x.append(zero)
            g.append(zero)
        S = [[Fraction(0)] * size for _ in range(size)]
        flow = [Fraction(0)] * (count + 3)  # f_0 .. f_N, x_*, t

        def product(u: list[Fraction], v: list[Fraction], factor: Fraction) -> None:
            for i, a in enumerate(u):
                for j, b in enumerate(v):
                    if a and b:
                        S[i][j] += factor * a * b / 2
                        S[j][i] += factor * a * b / 2

        for target, name, sign in ((measure, "measure", -common), (initial, "initial", numerator)):
            if target in ("ValueGap", "InitialGap"):
                flow[count if name == "measure" else 0] += sign
            elif target in ("GradientNorm", "InitialGradient"):
                vector = g[count if name == "measure" else 0]
                product(vector, vector, sign)
            elif target == "SmallestGradient":
                flow[count + 2] += sign
            else:
                vector = x[count if name == "measure" else 0]
                product(vector, vector, sign)
        for (i, j), scaled in self.entries("interpolation", 2):
            if scaled < 0 or i == j:
                return False
            weight = scaled * 2 * (delta - mu)  # K0 lambda
            difference, slope = ([a - b for a, b in zip(w[i], w[j], strict=True)] for w in (x, g))
            flow[i] -= weight
            flow[j] += weight
            product(g[j], difference, weight)
            product(slope, slope, scaled * delta)
            product(difference, difference, scaled * mu)
            product(slope, difference, -2 * scaled * mu)
        for (i,), half in self.entries("infimum", 1):
            if half < 0 or mu >= 0:
                return False
            flow[i] -= 2 * half
            product(g[i], g[i], half)
        for (i,), weight in self.entries("smallest", 1):
            if weight < 0:
                return False
            flow[count + 2] += weight
            product(g[i], g[i], -weight)
        if any(abs(flow[k]) > CLOSE for k in (*range(count + 1), count + 2)):
            return False
        return self._semidefinite(S)

    def _semidefinite(self, S: list[list[Fraction]]) -> bool:
        size = len(S)
        kernel = [
            (int(pivot), self.elements(term))
            for pivot, term in re.findall(
                r"\((\d+)%nat, (coordinates K \(decode \(.*?\)\))\)", self.definitions["kernel"]
            )
        ]
        pivots = [pivot for pivot, _ in kernel]
        for pivot, vector in kernel:
            if not vector[pivot] or any(vector[p] for p in pivots if p != pivot):
                return False
            if any(abs(sum(a * b for a, b in zip(row, vector, strict=True))) > CLOSE for row in S):
                return False
        body = self.definitions["columns"].strip()[1:-1].strip()
        terms = body.split(";\n") if body else []
        R = [[0] * size for _ in range(size)]
        for k, term in enumerate(terms):
            for offset, value in enumerate(self.integers(term)):
                R[k + offset][k] = value
        rest = [
            [2 * S[i][j] - sum(a * b for a, b in zip(R[i], R[j], strict=True)) for j in range(size)]
            for i in range(size)
        ]
        kept = [i for i in range(size) if i not in pivots]
        if any(any(R[p]) or any(row[p] for row in R) for p in pivots):
            return False
        return all(rest[i][i] >= sum(abs(rest[i][j]) for j in kept if j != i) for i in kept)
