"""The registry, the settings, and what the adapters do without a solver."""

from __future__ import annotations

import subprocess
import sys

import gradient_descent_problems as descent
import numpy as np
import pytest
from problem_bank import BANK, problem, several_blocks, two_by_two

import pepkit.solvers as solvers
from pepkit.solvers import ConicProblem, MatrixBlock, SolverSettings, SolverUnavailableError, Status, solver
from pepkit.solvers.mosek import MosekSolver, _availability, build_task


def test_import_is_light() -> None:
    code = (
        "import sys, pepkit.solvers; "
        "print([name for name in ('clarabel', 'scs', 'mosek', 'cvxpy', 'sympy', 'flint') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


def test_names() -> None:
    assert set(solvers.solver_names()) >= {"clarabel", "structured", "scs", "mosek"}
    assert set(solvers.available_solvers()) == set(solvers.solver_names())
    for name in (*solvers.solver_names(), "cvxpy:SCS"):
        assert solver(name).name == name
        assert isinstance(solver(name), solvers.Solver)
    with pytest.raises(ValueError, match="unknown solver 'clarable'; known are clarabel"):
        solver("clarable")


def test_own_solvers_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from pepkit.solvers import registry

    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    solvers.register("mine", lambda: solver("clarabel"))
    assert solver("mine").name == "clarabel"
    with pytest.raises(ValueError, match="taken"):
        solvers.register("mine", lambda: solver("scs"))
    with pytest.raises(ValueError, match="taken"):
        solvers.register("cvxpy:SCS", lambda: solver("scs"))


def test_default_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MosekSolver, "available", lambda self: solvers.Availability(False, "no licence"))
    small = descent.worst_case(np.ones(3), descent.every_pair(3))
    restricted = descent.worst_case(np.ones(60), descent.consecutive(60))
    assert solvers.default_solver(small).name == "clarabel"
    assert solvers.default_solver(restricted).name == "structured"
    monkeypatch.setattr(MosekSolver, "available", lambda self: solvers.Availability(True, "licence"))
    assert solvers.default_solver(small).name == "mosek"


@pytest.mark.parametrize(
    ("field", "value"),
    [("tolerance", 0.0), ("tolerance", 2.0), ("max_iterations", 0), ("time_limit", 0.0), ("threads", 0)],
)
def test_settings_are_validated(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        SolverSettings(**{field: value})


@pytest.mark.parametrize("name", ["clarabel", "scs"])
def test_progress_and_limits(name: str) -> None:
    case = descent.worst_case(np.ones(6), descent.every_pair(6))
    seen: list[tuple[int, float, float]] = []
    answer = solver(name).solve(case, SolverSettings(tolerance=1e-6), progress=lambda *report: seen.append(report))
    assert answer.status.solved
    assert seen
    assert seen[-1][1] == pytest.approx(answer.objective, rel=1e-3)
    assert solver(name).solve(case, SolverSettings(max_iterations=2)).status is Status.ITERATION_LIMIT


def test_unknown_cvxpy_solver_says_what_there_is() -> None:
    missing = solver("cvxpy:NONESUCH")
    assert not missing.available()
    assert "SCS" in missing.available().remedy
    with pytest.raises(SolverUnavailableError, match="NONESUCH"):
        missing.solve(BANK[1].make())


def test_false_claims_are_lowered() -> None:
    from pepkit.solvers.protocol import conclude

    case = problem([1.0, 1.0], blocks=(two_by_two(),))
    common = {"tolerance": 1e-9, "iterations": 1, "seconds": 0.0, "solver": "liar", "version": "1"}
    gram, slack, potential = (np.array([[1.0, -1.0], [-1.0, 1.0]]),), np.zeros(2), np.zeros(0)

    def status(claim: Status, y: list[float]) -> Status:
        return conclude(case, claim, np.array(y), gram, slack, potential, **common).status

    assert status(Status.OPTIMAL, [1.0, 1.0]) is Status.OPTIMAL
    assert status(Status.OPTIMAL, [1.0, 1.0001]) is Status.NEARLY_OPTIMAL
    assert status(Status.OPTIMAL, [1.0, 2.0]) is Status.NUMERICAL_ERROR
    assert status(Status.OPTIMAL, [1.0, np.nan]) is Status.NUMERICAL_ERROR
    assert status(Status.INFEASIBLE, [1.0, 1.0]) is Status.NUMERICAL_ERROR
    assert status(Status.UNBOUNDED, [1.0, 1.0]) is Status.NUMERICAL_ERROR


# ------------------------------------------------------------------------------------------------- MOSEK, no licence


def test_missing_licence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.delenv("MOSEKLM_LICENSE_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    _availability.cache_clear()
    try:
        answer = MosekSolver().available()
        assert not answer
        assert "MOSEKLM_LICENSE_FILE" in answer.remedy
        assert "mosek.com" in answer.remedy
        assert "clarabel" in answer.remedy
        with pytest.raises(SolverUnavailableError, match=r"no licence.*mosek\.com"):
            MosekSolver().solve(BANK[1].make())
    finally:
        _availability.cache_clear()


def test_useless_licence_file_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    pytest.importorskip("mosek")
    licence = tmp_path / "mosek.lic"
    licence.write_text("not a licence\n")
    monkeypatch.setenv("MOSEKLM_LICENSE_FILE", str(licence))
    assert not MosekSolver().available()


def read_back(task) -> tuple[ConicProblem, int]:
    """The problem in a MOSEK task: min c.x + <C, X>, rows A x + <A_i, X> <= or = b, as a `ConicProblem`.

    Its variables are x, the upper triangles of the X_b, and one slack for each inequality row.
    """
    mosek = pytest.importorskip("mosek")
    orders = [task.getdimbarvarj(j) for j in range(task.getnumbarvar())]
    scalars, rows = task.getnumvar(), task.getnumcon()
    starts = scalars + np.concatenate(([0], np.cumsum([n * (n + 1) // 2 for n in orders]))).astype(int)
    keys, lower, upper = task.getconboundslice(0, rows)
    inequality = [i for i in range(rows) if keys[i] == mosek.boundkey.up]
    total = int(starts[-1]) + len(inequality)
    objective, matrix = np.zeros(total), np.zeros((rows, total))
    objective[:scalars] = task.getc()
    for i in range(rows):
        _, index, value = task.getarow(i)
        matrix[i, list(index)] = value
        if keys[i] == mosek.boundkey.fx:
            assert lower[i] == upper[i]
    for position, i in enumerate(inequality):
        matrix[i, int(starts[-1]) + position] = 1.0

    def place(block: int, row: int, column: int) -> int:
        assert row >= column  # MOSEK wants lower triangles
        return int(starts[block]) + row * (row + 1) // 2 + column

    if task.getnumbarablocktriplets():
        for i, block, row, column, value in zip(*task.getbarablocktriplet()[1:], strict=True):
            matrix[i, place(block, row, column)] += value if row == column else 2 * value
    if task.getnumbarcblocktriplets():
        for block, row, column, value in zip(*task.getbarcblocktriplet()[1:], strict=True):
            objective[place(block, row, column)] += value if row == column else 2 * value
    blocks = []
    for j, order in enumerate(orders):
        row, column = np.tril_indices(order)
        variable = int(starts[j]) + np.arange(row.size)
        blocks.append(MatrixBlock(np.eye(order), variable, row, column, np.where(row == column, 1.0, 2.0)))
    nonnegative = np.zeros(total, dtype=bool)
    nonnegative[int(starts[-1]) :] = True
    return ConicProblem(objective, matrix, upper, nonnegative, tuple(blocks)), len(inequality)


@pytest.mark.parametrize(
    "entry", [entry for entry in BANK if entry.status is Status.OPTIMAL and entry.name != "large units"], ids=str
)
def test_mosek_task_is_the_dual(entry) -> None:
    mosek = pytest.importorskip("mosek")
    case = entry.make()
    with mosek.Env() as environment, environment.Task() as task:
        build_task(task, case)
        assert task.getnumcon() == case.variables
        assert task.getnumbarvar() == len(case.blocks)
        assert task.getobjsense() == mosek.objsense.minimize
        dual, inequalities = read_back(task)
    assert inequalities == case.nonnegative.sum()
    answer = solver("clarabel").solve(dual)
    assert answer.status.solved
    assert -answer.objective == pytest.approx(entry.value, rel=1e-6)


def test_mosek_answers_are_unpacked() -> None:
    mosek = pytest.importorskip("mosek")
    from pepkit.solvers.mosek import _read

    case = several_blocks()
    reference = solver("clarabel").solve(case)

    class Finished:
        """Answers like a task after optimisation, with the signs of a minimisation."""

        def getsolsta(self, kind):
            return mosek.solsta.optimal

        def getxx(self, kind):
            return list(reference.potential)

        def gety(self, kind):
            return list(-reference.y)

        def getbarxj(self, kind, index):
            matrix = reference.gram[index]
            return [matrix[i, j] for j in range(len(matrix)) for i in range(j, len(matrix))]

    status, y, gram, slack, potential = _read(Finished(), case, mosek.rescode.ok)
    assert status is Status.OPTIMAL
    np.testing.assert_allclose(y, reference.y)
    for found, expected in zip(gram, reference.gram, strict=True):
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(slack, reference.slack, atol=1e-7)
    assert potential.size == 0
