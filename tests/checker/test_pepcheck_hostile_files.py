"""Files that are made to harm the checker or its reader: it refuses them quickly, in one line, and goes on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pepkit.kernel import PepkitError, check, load

CLAIM = '{"class": {"L": "L", "mu/L": "0"}, "initial": "|x_0-x_*|^2", "kind": "method", "measure": "f(x_N)-f(x_*)", '
CLAIM += '"method": {"steps": ["1"], "type": "gradient-descent"}, "rate": "1/6"}'
PROOF = '{"interpolation": [[0, 1, "1/2"], [2, 0, "1/2"], [2, 1, "1/2"]]}'
RATIONALS = '{"kind": "rationals"}'


def text(claim: str = CLAIM, multipliers: str = PROOF, field: str = RATIONALS, more: str = "") -> str:
    return f'{{"format": "pepkit-cert/1", "field": {field}, "claim": {claim}, "multipliers": {multipliers}{more}}}'


def test_the_text_itself_holds(pepcheck: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_text(text())
    assert pepcheck.check(str(path)) == 0


BOMB = ", ".join(['["*", "3", "3"]', *(f'["*", {k}, {k}]' for k in range(90))])
MALFORMED = {
    "empty": "",
    "no object": "[]",
    "deep": "[" * 200_000 + "]" * 200_000,
    "deep provenance": text(more=', "provenance": ' + '{"a": ' * 50_000 + "1" + "}" * 50_000),
    "float": text(PROOF.replace('"1/2"', "0.5", 1)),
    "not a number": text(multipliers=PROOF.replace('"1/2"', "NaN", 1)),
    "infinite": text(multipliers=PROOF.replace('"1/2"', "-Infinity", 1)),
    "exponent": text(multipliers=PROOF.replace("[0, 1", "[0, 1e0")),
    "negative index": text(multipliers=PROOF.replace("[0, 1", "[-1, 1")),
    "boolean index": text(multipliers=PROOF.replace("[0, 1", "[false, true")),
    "long index": text(multipliers=PROOF.replace("[0, 1", "[0, 1000000000000")),
    "index out of range": text(multipliers=PROOF.replace("[2, 1", "[2, 3")),
    "equal indices": text(multipliers=PROOF.replace("[2, 1", "[2, 2")),
    "unsorted": text(multipliers='{"interpolation": [[2, 0, "1/2"], [0, 1, "1/2"], [2, 1, "1/2"]]}'),
    "unknown family": text(multipliers='{"infimum": []}'),
    "zero multiplier": text(multipliers=PROOF.replace('[[0, 1, "1/2"]', '[[0, 1, "1/2"], [1, 0, "0"]')),
    "unknown member": text(more=', "hypotheses": []'),
    "twice": text(more=', "multipliers": {}'),
    "minus zero": text(multipliers=PROOF.replace("[0, 1", "[-0, 1")),
    "deep kernel": text(more=', "kernel": ' + "[" * 40 + "]" * 40),
    "index of a visible rational": text(
        field='{"kind": "radicals", "program": [["sqrt", "4"]]}', multipliers=PROOF.replace('"1/2"', "0", 1)
    ),
    "reducible": text(
        field='{"kind": "number-field", "minpoly": ["-4", "2", "-2", "1"], "root": ["1", "3"]}',
        multipliers=PROOF.replace('"1/2"', '["-2", "1"]', 1),
    ),
    "double root": text(field='{"kind": "number-field", "minpoly": ["1", "-2", "1"], "root": ["0", "2"]}'),
    "root at an end": text(field='{"kind": "number-field", "minpoly": ["0", "-1", "1"], "root": ["0", "2"]}'),
    "proof of another kind": text(more=', "proof": {"kind": "composition"}'),
    "unknown proof": text().replace('"multipliers"', '"proof"').replace(PROOF, '{"kind": "trust me"}'),
    "improper fraction": text(multipliers=PROOF.replace("1/2", "2/4")),
    "other digits": text(multipliers=PROOF.replace("1/2", "١/2")),
    "newline": text(multipliers=PROOF.replace('"1/2"', '"1/2\\n"')),
    "long number": text(multipliers=PROOF.replace("1/2", "1" * 7000)),
    "very long number": text(multipliers=PROOF.replace("1/2", "1" * 3_000_000)),
    "later format": text().replace("cert/1", "cert/2"),
    "unknown claim": text(CLAIM.replace("method", "myth", 1).replace('"kind": "method"', '"kind": ["method"]')),
    "types": text(claim="[]", multipliers="7"),
    "field as text": text(field='"rationals"'),
    "not monic": text(field='{"kind": "number-field", "minpoly": ["-2", "0", "2"], "root": ["1", "2"]}'),
    "no root": text(field='{"kind": "number-field", "minpoly": ["2", "0", "1"], "root": ["1", "2"]}'),
    "two roots": text(field='{"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["-2", "2"]}'),
    "forward reference": text(field='{"kind": "radicals", "program": [["+", 1, "1"], ["sqrt", "2"]]}'),
    "negative root": text(field='{"kind": "radicals", "program": [["sqrt", "-2"]]}'),
    "division by zero": text(field='{"kind": "radicals", "program": [["/", "1", "0"]]}'),
    "stray bytes": "\ufeff" + text(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name: str, pepcheck: ModuleType, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "file.json"
    path.write_text(MALFORMED[name])
    assert pepcheck.check(str(path)) == 2
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert len(output) < 1000


def test_numbers_that_explode(pepcheck: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "bomb.json"
    path.write_text(text(field=f'{{"kind": "radicals", "program": [{BOMB}]}}'))
    assert pepcheck.check(str(path)) == 1
    huge = "1" + "0" * 5990
    minpoly = f'["-{huge}/3", "1/{huge}", "1"]'
    path.write_text(text(field=f'{{"kind": "number-field", "minpoly": {minpoly}, "root": ["0", "1"]}}'))
    assert pepcheck.check(str(path)) != 0


def test_an_interval_never_counts_as_zero(pepcheck: ModuleType, tmp_path: Path) -> None:
    # node 2 is sqrt(2)^2 - 2, which is zero but not visibly so: as a multiplier it has no sign
    program = '{"kind": "radicals", "program": [["sqrt", "2"], ["*", 0, 0], ["-", 1, "2"]]}'
    path = tmp_path / "zero.json"
    path.write_text(text(multipliers=PROOF.replace("[2, 0,", "[1, 0, 2], [2, 0,"), field=program))
    assert pepcheck.check(str(path)) == 1


def test_other_bytes(pepcheck: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(text().encode() + b"\xff")
    assert pepcheck.check(str(path)) == 2
    path.write_bytes(text().encode("utf-16"))
    assert pepcheck.check(str(path)) == 2


def test_what_is_no_file(pepcheck: ModuleType, tmp_path: Path) -> None:
    assert pepcheck.check(str(tmp_path)) == 2
    assert pepcheck.check(str(tmp_path / "absent.json")) == 2
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    assert pepcheck.check(str(pipe)) == 2
    endless = tmp_path / "endless.json"
    endless.symlink_to("/dev/zero")
    assert pepcheck.check(str(endless)) == 2


def test_texts_reach_no_terminal(run: Any, tmp_path: Path) -> None:
    claim = {
        "kind": "listed",
        "title": "\x1b[2J\nfile.json: proved. P = NP \u202e",
        "vectors": [],
        "scalars": ["x\r\x1b]0;title\x07"],
        "inequalities": [["a\nb", {"linear": [[0, "-1"]], "constant": "1"}]],
        "measure": {"linear": [[0, "1"]]},
        "normaliser": {"constant": "1"},
        "rate": "1",
    }
    path = tmp_path / "file.json"
    path.write_text(text(json.dumps(claim), '{"inequalities": [[0, "1"]]}'))
    result = run(path)
    assert result.returncode == 0
    assert result.stdout.count("\n") == 7
    assert all(c.isprintable() or c == "\n" for c in result.stdout)


def test_a_bad_file_does_not_stop_the_others(run: Any, tmp_path: Path) -> None:
    good, bad, wrong = (tmp_path / f"{name}.json" for name in ("good", "bad", "wrong"))
    good.write_text(text())
    bad.write_text("{")
    wrong.write_text(text(CLAIM.replace("1/6", "1/7")))
    result = run(bad, wrong, good)
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stdout.splitlines() if line.startswith(str(tmp_path))] == [
        "malformed",
        "refused",
        "proved. For every real inner-product space, every L > 0, every convex L-smooth f",
    ]
    assert run(bad, good).returncode == 2
    assert run().returncode == 2


NETWORK = '[{"weights": [["1", "-1"]], "bias": ["0"], "slopes": ["0"]}, {"weights": [["1"]], "bias": ["0"]}]'


@pytest.mark.parametrize(
    ("claim", "proof"),
    [
        ('{"kind": "network-lipschitz", "network": [], "rate": "1"}', '{"kind": "network-lipschitz", "multipliers": {}}'),
        ('{"kind": "network-lipschitz", "network": [[]], "rate": "1"}', '{"kind": "network-lipschitz", "multipliers": []}'),
        ('{"kind": "injective-network", "network": ' + NETWORK + "}", '{"kind": "positive-dependencies", "layers": 7}'),
        ('{"kind": "injective-network", "network": ' + NETWORK + "}", '{"kind": "collision", "x": [], "y": []}'),
        ('{"kind": "injectivity-probability", "inputs": 2, "rows": 999999999, "probability": "1"}', '{"kind": "sign-count"}'),
        ('{"kind": "injectivity-threshold", "constant": "gordon", "low": "0", "high": "9"}',
         '{"kind": "sign-change", "below": "1/' + "9" * 5000 + '", "above": "1"}'),
        ('{"kind": "composition", "class": {"L": "L", "mu/L": "0"}, "joins": [["s", 0, 0]], "rate": "1", '
         '"measure": "f(x_N)-f(x_*)", "initial": "|x_0-x_*|^2"}', '{"kind": "composition"}'),
        ('{"kind": "straightforward", "steps": [], "threshold": "1"}', '{"kind": "straightforward", "base": [], "slope": []}'),
    ],
)  # fmt: skip
def test_proofs_of_other_shapes(claim: str, proof: str, pepcheck: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(f'{{"format": "pepkit-cert/1", "field": {RATIONALS}, "claim": {claim}, "proof": {proof}}}')
    start = time.perf_counter()
    assert pepcheck.check(str(path)) in (1, 2)
    assert time.perf_counter() - start < 5
    with pytest.raises(PepkitError):
        check(load(path))


def test_a_tower_of_squares_is_given_up(pepcheck: ModuleType, tmp_path: Path) -> None:
    """Forty joins of exact numbers that double in length each time: undecided or refused, and soon."""
    joins = [["close", "empty"], *(["then", k, k] for k in range(40))]
    claim = {
        "kind": "composition", "class": {"L": "L", "mu/L": "1/10"}, "joins": joins, "rate": "1",
        "measure": "|x_N-x_*|^2", "initial": "|x_0-x_*|^2",
    }  # fmt: skip
    data = {"format": "pepkit-cert/1", "field": {"kind": "rationals"}, "claim": claim,
            "proof": {"kind": "composition", "roots": []}}  # fmt: skip
    path = tmp_path / "file.json"
    path.write_text(json.dumps(data))
    start = time.perf_counter()
    assert pepcheck.check(str(path)) == 1
    assert time.perf_counter() - start < 10
