"""PEPit problems as exact claims.

A PEPit problem is, once prepared, a list of expressions: affine forms in the Gram matrix of its leaf points
and in its leaf expressions. They are copied here with exact coefficients, so the claim outlives the problem
(PEPit allows one problem at a time and resets the old one when a new one is made).

Source of the format: PEPit 0.5.1, Goujaud, Moucer, Glineur, Hendrickx, Taylor, Dieuleveut, Math. Program.
Comput. 16 (2024).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import RATIONALS, ClaimError, ListedClaim
from pepkit.kernel.statement import Form, Vector
from pepkit.pep.exact_numbers import NumberReader
from pepkit.pep.invariances import restore_invariances
from pepkit.pep.pepit_function import EvaluatedFunction, converted, evaluated_function

__all__ = ["HypothesisSource", "ImportedProblem", "import_pepit", "import_sent", "is_pepit_problem"]


@dataclass(frozen=True)
class HypothesisSource:
    """Where a hypothesis of an imported problem comes from.

    `function` is the name of the function or operator, or the role (``"condition"``, ``"metric"``,
    ``"partition"``); `inequality` the name of the inequality, `points` the points it is about.
    """

    function: str
    inequality: str
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedProblem:
    """A claim copied from a PEPit problem, and how to go back.

    Attributes
    ----------
    claim
        The statement, without a rate: measure <= rate.
    sources
        Name of a hypothesis -> where it comes from.
    points, values
        Vector and scalar of each leaf point and each leaf expression, in PEPit's order (None for the leaf
        that stands for the objective).
    hypotheses
        For every constraint and matrix that PEPit sends to a solver, in order: family and index of the
        hypothesis made of it; None for a single metric and for those that hold trivially.
    metrics
        How many performance metrics there are; the objective is their minimum.
    notes
        How numbers were read.
    rounded
        How many different plain floats with a fractional part were read.
    reading
        How the numbers were read: ``"exact"`` where all readings of the floats are the same, else ``"dyadic"``,
        ``"decimal"`` or ``"simplest"``. The title of the claim says it as well.
    moved
        The largest relative change of a coefficient that undid float rounding; 0 where the claim has exactly the
        numbers that were read.
    function
        The only function of the problem, where it is smooth and convex; see `pepkit.pepit.recognition`.
    """

    claim: ListedClaim
    sources: dict[str, HypothesisSource]
    points: tuple[int, ...]
    values: tuple[int | None, ...]
    hypotheses: tuple[tuple[str, int] | None, ...]
    metrics: int
    notes: tuple[str, ...] = field(default=())
    rounded: int = 0
    reading: str = "exact"
    moved: float = 0.0
    function: EvaluatedFunction | None = None


def is_pepit_problem(value: object) -> bool:
    """Whether `value` is a `PEPit.PEP`, without importing PEPit."""
    return any(cls.__module__.split(".")[0] == "PEPit" and cls.__name__ == "PEP" for cls in type(value).__mro__)


def import_pepit(
    problem: Any, decimal: bool = False, numbers: str | None = None, repair_rounding: bool = True
) -> ImportedProblem:
    """The exact claim of a PEPit problem.

    Parameters
    ----------
    problem
        A `PEPit.PEP`, solved or not. It is prepared if it was not (class constraints are added), as
        ``problem.solve`` would do.
    decimal
        Read plain floats as the shortest decimals that print them, not as the dyadic numbers that they are.
    numbers
        ``"dyadic"``, ``"decimal"``, or ``"simplest"`` (the simplest fraction that rounds to the float, which
        undoes 1/3 in floats); overrides `decimal`. Exact numbers (`pepkit.exact`) are always exact.
    repair_rounding
        Where rounding in floats broke the invariance of the problem under translations, move coefficients by that
        rounding (at most 1e-12, relative) so that it holds exactly. With False the claim has the numbers as read;
        the worst case of a problem whose invariance is broken is usually infinite.

    Raises
    ------
    ClaimError
        For problems that cannot be stated: no performance metric, infinite coefficients, a problem whose
        points were reset by a newer problem.
    """
    _prepare(problem)
    reader = NumberReader(numbers or ("decimal" if decimal else "dyadic"))
    constraints, matrices = problem._list_of_prepared_constraints, problem._list_of_prepared_psd
    return import_sent(constraints, matrices, problem.objective, reader, repair_rounding)


def import_sent(
    constraints: Sequence[Any],
    matrices: Sequence[Any],
    objective: Any,
    reader: NumberReader,
    repair_rounding: bool = True,
) -> ImportedProblem:
    """The exact claim of the constraints and matrices that PEPit sends to a back end."""
    return _Importer(constraints, matrices, objective, reader).result(repair_rounding)


def _prepare(problem: Any) -> None:
    from PEPit import Point

    leaves = {id(point) for point in Point.list_of_leaf_points}
    for point in problem.list_of_points:
        if point.get_is_leaf() and id(point) not in leaves:
            raise ClaimError(
                "this PEPit problem was reset when a newer PEP() was made; PEPit keeps one problem alive at a "
                "time, so certify a problem before you build the next one"
            )
    if not problem.list_of_performance_metrics:
        raise ClaimError("the PEPit problem has no performance metric; call problem.set_performance_metric(...)")
    if problem.objective is None:
        try:
            problem._prepare_constraints(verbose=0)
        except AssertionError as error:
            raise ClaimError(_explained(error)) from error


def _explained(error: AssertionError) -> str:
    """What an assertion of PEPit was about."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename.rsplit('/', 1)[-1]}"
    text = str(error) or (frames[-1].line or "an assertion")
    return f"PEPit refused the problem while it added class constraints: {text} (in {where})"


class _Importer:
    """One problem on its way to a claim."""

    def __init__(
        self, constraints: Sequence[Any], matrices: Sequence[Any], objective: Any, reader: NumberReader
    ) -> None:
        from PEPit import Expression, Point

        self.constraints = [constraint for constraint in constraints if constraint.activated]
        self.psd_matrices = [matrix for matrix in matrices if matrix.activated]
        self.reader = reader
        self.expression_type = Expression
        self.leaf_points = list(Point.list_of_leaf_points)
        self.leaf_values = list(Expression.list_of_leaf_expressions)
        self.objective = objective
        self.metrics = [m for m in self.constraints if self._is_metric(m)]
        if not self.metrics:
            raise ClaimError("every performance metric of the PEPit problem is deactivated, so nothing is claimed")
        # the objective is a scalar of its own only where it is the minimum of several metrics
        kept = [v for v in self.leaf_values if v is not self.objective or len(self.metrics) > 1]
        self.scalar = {id(v): k for k, v in enumerate(kept)}
        self.point = {id(p): k for k, p in enumerate(self.leaf_points)}
        self.kept = kept
        self.names: Counter[str] = Counter()
        self.sources: dict[str, HypothesisSource] = {}

    def _is_metric(self, constraint: Any) -> bool:
        return any(key is self.objective for key in constraint.expression.decomposition_dict)

    def result(self, repair_rounding: bool = True) -> ImportedProblem:
        """The claim, and how to go back."""
        inequalities: list[tuple[str, Form]] = []
        equalities: list[tuple[str, Form]] = []
        matrices: list[tuple[str, tuple[tuple[Form, ...], ...]]] = []
        hypotheses: list[tuple[str, int] | None] = []
        places = self._places()
        measure = None
        for constraint in self.constraints:
            equality = constraint.equality_or_inequality == "equality"
            if self._is_metric(constraint) and len(self.metrics) == 1:
                # objective <= metric
                measure = self._form(constraint.expression, -1, skip=self.objective)
                hypotheses.append(None)
                continue
            # PEPit writes expression <= 0, and certificates use form >= 0
            form = self._form(constraint.expression, 1 if equality else -1)
            if not form.quadratic and not form.linear and (form.constant == 0 or (form.constant > 0 and not equality)):
                hypotheses.append(None)
                continue
            name = self._name(constraint, places)
            target = equalities if equality else inequalities
            hypotheses.append(("equalities" if equality else "inequalities", len(target)))
            target.append((name, form))
        if measure is None:
            measure = Form(linear={self.scalar[id(self.objective)]: self.reader(1)})
        for matrix in self.psd_matrices:
            hypotheses.append(("matrix-inequalities", len(matrices)))
            matrices.append(self._matrix(matrix, places, equalities))
        evaluated = evaluated_function(self.point, self.scalar, self.reader)
        # coefficients are realised in one field only when all are known
        number_field, convert = self.reader.realise()

        def exact(form: Form) -> Form:
            return Form(
                {k: v for k, c in form.quadratic.items() if (v := convert(c))},
                {k: v for k, c in form.linear.items() if (v := convert(c))},
                convert(form.constant),
            )

        forms = [exact(measure), *(exact(form) for _, form in (*inequalities, *equalities))]
        entries = [exact(row[j]) for _, rows in matrices for i, row in enumerate(rows) for j in range(i + 1)]
        notes = list(self.reader.notes())
        moved = 0.0
        if number_field == RATIONALS:
            restored, change = restore_invariances([*forms, *entries], len(self.leaf_points), len(self.kept))
            if change and repair_rounding:
                moved = change
                notes.append(
                    "Rounding in floats had broken the invariance under translations; coefficients were moved by at "
                    f"most {change:.1e} (relative) to restore it. The theorem is about the coefficients in the "
                    "certificate; repair_rounding=False keeps the floats."
                )
                forms, entries = restored[: len(forms)], restored[len(forms) :]
            elif change:
                notes.append(
                    f"Rounding in floats breaks the invariance under translations (by {change:.1e}, relative), and was "
                    "kept as asked; the worst case of such a problem is usually infinite."
                )
        reading = self.reader.reading if self.reader.rounded else "exact"
        remaining = iter(entries)
        symmetric = []
        for name, rows in matrices:
            size = len(rows)
            lower = [[next(remaining) for _ in range(i + 1)] for i in range(size)]
            symmetric.append(
                (name, tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(size)) for i in range(size)))
            )
        stop = 1 + len(inequalities)
        claim = ListedClaim(
            tuple(Vector(name) for name in _unique(p.get_name() or f"p_{k}" for k, p in enumerate(self.leaf_points))),
            tuple(_unique(self._scalar_name(k, v) for k, v in enumerate(self.kept))),
            tuple((name, form) for (name, _), form in zip(inequalities, forms[1:stop], strict=True)),
            tuple((name, form) for (name, _), form in zip(equalities, forms[stop:], strict=True)),
            tuple(symmetric),
            forms[0],
            Form(constant=fmpq(1)),
            None,
            _title(reading, moved),
            number_field,
        )
        return ImportedProblem(
            claim,
            self.sources,
            tuple(range(len(self.leaf_points))),
            tuple(self.scalar.get(id(v)) for v in self.leaf_values),
            tuple(hypotheses),
            len(self.metrics),
            tuple(notes),
            self.reader.rounded,
            reading,
            moved,
            None if evaluated is None else converted(evaluated, convert),
        )

    def _scalar_name(self, number: int, value: Any) -> str:
        return "objective" if value is self.objective else value.get_name() or f"f_{number}"

    def _form(self, expression: Any, sign: int, skip: Any = None) -> Form:
        """A form with coefficients of the reader (converted once all numbers are known)."""
        read = self.reader
        quadratic: dict[tuple[int, int], Any] = {}
        linear: dict[int, Any] = {}
        constant: Any = read(0)
        for key, weight in expression.decomposition_dict.items():
            if key is skip and skip is not None:
                continue
            value = read(weight)
            value = -value if sign < 0 else value
            if type(key) is tuple:
                p, q = self._leaf(key[0]), self._leaf(key[1])
                pair = (p, q) if p <= q else (q, p)
                quadratic[pair] = quadratic[pair] + value if pair in quadratic else value
            elif isinstance(key, self.expression_type):
                s = self.scalar.get(id(key))
                if s is None:
                    raise ClaimError("a hypothesis of the PEPit problem uses a value of another problem")
                linear[s] = linear[s] + value if s in linear else value
            elif key == 1:
                constant = constant + value
            else:
                raise ClaimError(f"an expression of the PEPit problem holds a term of type {type(key).__name__}")
        return Form(quadratic, linear, constant)

    def _leaf(self, point: Any) -> int:
        try:
            return self.point[id(point)]
        except KeyError:
            raise ClaimError("a hypothesis of the PEPit problem uses a point of another problem") from None

    def _matrix(
        self, matrix: Any, places: dict[int, str], equalities: list[tuple[str, Form]]
    ) -> tuple[str, tuple[tuple[Form, ...], ...]]:
        name = self._name(matrix, places)
        size = matrix.shape[0]
        rows = [[self._form(matrix[i, j], 1) for j in range(size)] for i in range(size)]
        for i in range(size):
            for j in range(i):
                difference = _difference(rows[i][j], rows[j][i])
                if difference is not None:
                    # PEPit asks for a symmetric matrix, so entries written differently are equal
                    self.names[f"{name} is symmetric"] += 1
                    equalities.append((self._distinct(f"{name}, entry ({i + 1}, {j + 1}), is symmetric"), difference))
                rows[j][i] = rows[i][j]
        return name, tuple(tuple(row) for row in rows)

    def _places(self) -> dict[int, str]:
        """id of a constraint -> name of the function that it belongs to."""
        from PEPit.block_partition import BlockPartition
        from PEPit.function import Function

        places: dict[int, str] = {}
        for number, function in enumerate(f for f in Function.list_of_functions):
            leaf = function.get_is_leaf()
            name = function.get_name() or (f"Function_{function.counter}" if leaf else f"combination {number}")
            for item in (*function.list_of_class_constraints, *function.list_of_class_psd):
                places[id(item)] = name
            for item in (*function.list_of_constraints, *function.list_of_psd):
                places[id(item)] = name
        for number, partition in enumerate(BlockPartition.list_of_partitions):
            for item in partition.list_of_constraints:
                places[id(item)] = f"partition {number}" if number else "partition"
        for item in self.metrics:
            places[id(item)] = "metric"
        return places

    def _name(self, item: Any, places: dict[int, str]) -> str:
        given = item.get_name() or f"matrix {item.counter}"
        place = places.get(id(item), "condition")
        name = self._distinct(given)
        match = re.fullmatch(r"IC_(.*?)_?([A-Za-z0-9 ]+(?:_[A-Za-z0-9 ]+)*)\((.*)\)", given)
        if match and given.startswith(f"IC_{place}_"):
            inside = given[len(f"IC_{place}_") :]
            inequality, _, points = inside.partition("(")
            listed = tuple(part.strip() for part in points.rstrip(")").split(","))
            self.sources[name] = HypothesisSource(place, inequality.replace("_", " "), listed)
        else:
            self.sources[name] = HypothesisSource(place, given)
        return name

    def _distinct(self, name: str) -> str:
        self.names[name] += 1
        count = self.names[name]
        return name if count == 1 else self._distinct(f"{name} ({count})")


def _title(reading: str, moved: float) -> str:
    """What the claim is about, with how its numbers were read."""
    if reading == "exact":
        return "PEPit problem"
    words = {"dyadic": "dyadic numbers", "decimal": "decimals", "simplest": "simple fractions"}[reading]
    return f"PEPit problem, floats as {words}" + (f" moved by at most {moved:.1e} (relative)" if moved else "")


def _difference(first: Form, second: Form) -> Form | None:
    """first - second, or None where the two are the same, coefficient by coefficient."""
    quadratic, linear = dict(first.quadratic), dict(first.linear)
    for target, source in ((quadratic, second.quadratic), (linear, second.linear)):
        for key, value in source.items():
            target[key] = target[key] - value if key in target else -value  # type: ignore[index]
    constant = first.constant - second.constant
    if all(v == 0 for v in (*quadratic.values(), *linear.values(), constant)):
        return None
    return Form(quadratic, linear, constant)


def _unique(names: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
