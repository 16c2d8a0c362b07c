"""Files: one spelling for every certificate, and nothing but pepkit's errors for hostile ones."""

from __future__ import annotations

import copy
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from helpers.certificates import RADICALS, SQRT2, constant_step, everything, listed, silver
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    ClaimError,
    Form,
    FormatError,
    ListedClaim,
    NumberField,
    PepkitError,
    Vector,
    Witness,
    certificate_from_text,
    certificate_to_text,
    check,
    claim_digest,
    digest,
    load,
    save,
)
from pepkit.kernel.files import FORMAT, certificate_from_data, certificate_to_data
from pepkit.kernel.reading import MAX_BYTES, MAX_DEPTH

ALL = everything()


@contextmanager
def quickly(seconds: float = 1.0) -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


def data_of(name: str = "constant-1") -> dict[str, Any]:
    """JSON data as a reader sees them."""
    return json.loads(certificate_to_text(ALL[name]))


def refused(source: str | bytes, error: type[Exception] | tuple[type[Exception], ...] = FormatError) -> None:
    with quickly(), pytest.raises(error):
        certificate_from_text(source)


def read_and_check(data: Any) -> None:
    """Only pepkit's errors come out, whatever goes in."""
    with quickly(), pytest.raises(PepkitError):
        check(certificate_from_text(json.dumps(data)))


# ---- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_text_certificate_text(name: str) -> None:
    certificate = ALL[name]
    text = certificate_to_text(certificate)
    again = certificate_from_text(text)
    assert again == certificate
    assert again.provenance == certificate.provenance
    assert certificate_to_text(again) == text
    assert certificate_from_text(text.encode()) == certificate
    assert certificate_from_text(json.dumps(json.loads(text), indent=3)) == certificate  # white space is free
    assert digest(again) == digest(certificate)
    assert claim_digest(again.claim) == claim_digest(certificate.claim)
    assert check(again).rate == check(certificate).rate


names = st.text(min_size=1, max_size=5).filter(lambda s: s.isprintable())
rationals = st.fractions(max_denominator=99).map(lambda q: fmpq(q.numerator, q.denominator))


@st.composite
def listed_certificates(draw: Any) -> Certificate:
    """Well-formed, mostly false."""
    field = draw(st.sampled_from([RATIONALS, SQRT2, RADICALS]))
    if field is RATIONALS:
        number = rationals
    elif field is SQRT2:
        number = st.tuples(rationals, rationals).map(lambda p: SQRT2.coerce(p[0]) + p[1] * SQRT2.generator)
    else:
        number = rationals.map(RADICALS.coerce) | st.sampled_from(RADICALS.nodes)
    nonzero = number.filter(bool)
    count = draw(st.integers(1, 4))
    vectors = []
    for k in range(count):
        terms = st.lists(st.tuples(st.integers(0, k - 1), number), max_size=3).map(tuple) if k else st.none()
        vectors.append(Vector(draw(names), draw(st.none() | terms)))
    scalars = tuple(draw(st.lists(names, max_size=2)))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).map(lambda p: (min(p), max(p)))
    linear = st.dictionaries(st.integers(0, len(scalars) - 1), number, max_size=2) if scalars else st.just({})
    form = st.builds(Form, st.dictionaries(pairs, number, max_size=3), linear, number)
    named = iter(draw(st.lists(names, min_size=4, max_size=4, unique=True)))
    corner = draw(form)
    claim = ListedClaim(
        tuple(vectors), scalars,
        tuple((next(named), draw(form)) for _ in range(draw(st.integers(0, 2)))),
        tuple((next(named), draw(form)) for _ in range(draw(st.integers(0, 1)))),
        tuple((next(named), ((draw(form), corner), (corner, draw(form)))) for _ in range(draw(st.integers(0, 1)))),
        draw(form), draw(form), draw(number), draw(st.just("") | names), field,
    )  # fmt: skip
    multipliers: dict[str, Any] = {}
    if draw(st.booleans()):
        multipliers["inequalities"] = {(0,): draw(nonzero), (7,): draw(nonzero)}
    if draw(st.booleans()):
        off = draw(number)
        multipliers["matrix-inequalities"] = {(0,): ((draw(number), off), (off, draw(number)))}
    kernel = tuple(tuple(draw(number) for _ in range(count)) for _ in range(draw(st.integers(0, 1))))
    witness = Witness(((draw(number),),) * count, (draw(number),)) if draw(st.booleans()) else None
    return Certificate(claim, multipliers, kernel, witness, draw(st.just({}) | st.just({"solver": "é", "n": 3})))


@settings(max_examples=60, deadline=None)
@given(listed_certificates())
def test_listed_round_trip(certificate: Certificate) -> None:
    text = certificate_to_text(certificate)
    again = certificate_from_text(text)
    assert certificate_to_text(again) == text
    assert again == certificate
    assert digest(again) == digest(certificate)


def test_the_example_of_the_documentation() -> None:
    assert digest(constant_step(1)) == "2c04b0054bcd2161090440f295a51d846298ff98b9b09131ac28c1bc70623c41"
    assert claim_digest(constant_step(1).claim) == "eb359c643be0f2c0d63e8d209d92a73b5e9c41a664b813c95818798ae58bf077"
    page = Path(__file__).parents[2] / "docs" / "certificate-format.md"
    blocks = [block for block in page.read_text().split("```json\n")[1:] if f'"{FORMAT}"' in block]
    # the worked example is the only one whose claim is this
    examples = [certificate_from_text(block.split("```")[0]) for block in blocks]
    example = next(e for e in examples if e.claim == constant_step(1).claim)
    assert example == constant_step(1)
    assert check(example).tight


def test_the_digest_depends_on_everything_but_provenance() -> None:
    certificate = silver(2, kernel=True)
    values = dict(certificate.multipliers["interpolation"])
    assert len(values) > 5
    variants = [
        certificate,
        replace(certificate, multipliers={"interpolation": dict(list(values.items())[1:])}),
        replace(certificate, kernel=certificate.kernel[:2]),
        replace(certificate, witness=None),
        replace(certificate, claim=certificate.claim.with_rate(1)),
    ]
    assert len({digest(c) for c in variants}) == len(variants)
    assert [claim_digest(c.claim) for c in variants[:-1]] == [claim_digest(certificate.claim)] * 4
    assert claim_digest(variants[-1].claim) != claim_digest(certificate.claim)
    shuffled = dict(random.Random(1).sample(list(values.items()), len(values)))
    for same in (
        replace(certificate, provenance={"a": ["b", {"c": 1}], "seconds": "12"}),
        replace(certificate, provenance={}),
        replace(certificate, multipliers={"interpolation": shuffled}),
    ):
        assert digest(same) == digest(certificate)
    assert certificate_to_text(replace(certificate, multipliers={"interpolation": shuffled})) == certificate_to_text(
        certificate
    )


def test_save_and_load(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "c.json"
    save(constant_step(1), path)
    assert load(path) == load(str(path)) == constant_step(1)
    save(silver(1), path)
    assert load(path) == silver(1)
    with pytest.raises(ClaimError):
        save(replace(constant_step(1), claim=constant_step(1).claim.with_rate(None)), path)
    assert load(path) == silver(1)  # a failed save leaves the old file alone
    assert os.listdir(path.parent) == ["c.json"]
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(FormatError, match="limit"):
        load(path)


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with quickly(5), pytest.raises(FormatError, match="limit"):
        load("/dev/zero")


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text(certificate_to_text(constant_step(1))))
    writer.start()
    assert load(path) == constant_step(1)
    writer.join()


# ---- hostile text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "null", "true", "0", '"x"', "[]", "{}", "{", "}", "[[[", '{"format"}', "NaN", "Infinity", "-Infinity", "1e9",
        "{'format': 1}", '{"format": "pepkit-cert/1",}', b"\xff\xfe", b"\x80", b"\xef\xbb\xbf{}", '{"a": "\\ud800"}', "\x00",
        "[" * 100_000, "{" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000,
        "9" * 10_000_000, "-" + "9" * 10_000_000, "1." + "9" * 1_000_000, "1e" + "9" * 1_000_000,
        '{"format": ' + "9" * 10_000_000 + "}", '{"format": "' + "9" * 10_000_000 + '"}',
    ],
)  # fmt: skip
def test_no_certificate(source: str | bytes) -> None:
    refused(source)


@pytest.mark.parametrize("depth", [50, 500, 900, 950, 970, 980, 985, 990, 995, 1000, 1100])
def test_deep_values_in_every_place(depth: int) -> None:
    """At the edge of the recursion limit the parser succeeds and whatever looks at the data must not fail."""
    deep = "[" * depth + "]" * depth
    for key in ("format", "field", "claim", "multipliers", "kernel", "witness", "provenance"):
        text = json.dumps({**data_of(), key: "HERE"}).replace('"HERE"', deep)
        refused(text, PepkitError)
        nested = text.replace(deep, '{"a":' * depth + "1" + "}" * depth)
        refused(nested, PepkitError)
    kinds = json.dumps({**data_of(), "claim": {"kind": "HERE"}}).replace('"HERE"', deep)
    refused(kinds)


def test_provenance_is_free_but_shallow() -> None:
    data = data_of()
    inner: Any = "x"
    for _ in range(MAX_DEPTH - 2):
        inner = {"a": inner}
    data["provenance"] = {"a": inner, "b": [1, None, True, "é\ud800", [[[]]]]}
    certificate = certificate_from_text(json.dumps(data))
    assert certificate_from_text(certificate_to_text(certificate)).provenance == certificate.provenance
    assert digest(certificate) == digest(constant_step(1))
    data["provenance"] = {"a": {"a": {"a": inner}}}
    refused(json.dumps(data))
    for wrong in (None, [], "x", 1, {"a": 1.5}, {"a": 10**9}, {"a": float("nan")}):
        refused(json.dumps({**data_of(), "provenance": wrong}))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1"])
def test_other_encodings(encoding: str) -> None:
    refused(
        certificate_to_text(replace(constant_step(1), provenance={"x": "é"})).replace("\\u00e9", "é").encode(encoding)
    )


def test_duplicate_keys_at_every_level() -> None:
    text = certificate_to_text(replace(listed(), provenance={"a": 1}))

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    found = keys(json.loads(text))
    assert len(found) > 15
    for key in found:
        refused(text.replace(f'"{key}":', f'"{key}": 1, "{key}":', 1))


def test_truncated_files() -> None:
    for name in ("constant-1", "listed"):
        text = certificate_to_text(ALL[name]).encode()
        certificate_from_text(text[:-1])  # only the last line end
        with quickly(5):
            for length in range(len(text) - 1):
                with pytest.raises(FormatError):
                    certificate_from_text(text[:length])


@settings(max_examples=700, deadline=None)
@given(
    st.sampled_from(["constant-1", "silver-1", "listed", "nonconvex", "radical", "strongly-convex-cubic"]), st.data()
)
def test_random_bytes(name: str, data: Any) -> None:
    """A few bytes changed: an error of pepkit, or a certificate that is no stronger than the old one."""
    text = bytearray(certificate_to_text(replace(ALL[name], provenance={})).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from(list(b'0123456789-/"[]{},:. \nLx\x00\xff')) | st.integers(0, 255))
    try:
        certificate = certificate_from_text(bytes(text))
        theorem = check(certificate)
    except PepkitError:
        return
    if name not in ("radical", "listed") and theorem.claim.field == ALL[name].claim.field:
        assert theorem.claim.field.sign(theorem.rate - ALL[name].claim.rate) >= 0


# ---- hostile data --------------------------------------------------------------------------------

JUNK = [
    None, True, False, 0, 1, -1, 7, 999_999_999, "", "0", "1", "-1", "1/2", "x", "nan", "1.5", "2/4", "L", "method", "1" * 7000,
    [], {}, [[]], [{}], ["1"], ["1", "1"], [0, "1"], [0, 0, "1"], [[0, 1, "1"]], {"kind": "rationals"}, {"kind": []}, {"kind": {}},
    {"kind": None}, [["1"], ["1", "1"]], [None], {"": ""}, "\ud800", "[" * 50, [[[[[[[["1"]]]]]]]],
]  # fmt: skip


def nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from nodes(value, (*path, key))


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    data = copy.deepcopy(data)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


@pytest.mark.parametrize(
    "name", ["constant-1", "nonconvex", "silver-1", "listed", "strongly-convex-cubic", "constant-2-matrix"]
)
def test_junk_in_every_place(name: str) -> None:
    """Every value replaced by every kind of junk: only errors of pepkit; few of the changes are harmless."""
    data = data_of(name)
    data.pop("provenance", None)
    accepted, slowest = [], 0.0
    for path in nodes(data):
        for junk in JUNK:
            changed = put(data, path, junk)
            start = time.process_time()
            try:
                theorem = check(certificate_from_data(changed))
            except PepkitError:
                continue
            finally:
                slowest = max(slowest, time.process_time() - start)
            accepted.append((path, junk, theorem))
    assert slowest < 1
    for path, junk, theorem in accepted:
        original = data
        for key in path:
            original = original[key]
        field = theorem.claim.field
        lists = ("inequalities", "equalities", "matrix-inequalities")
        harmless = (
            original == junk
            or path in (("kernel",), ("kernel", 0), ("claim", "class", "L"))  # no hint; a number for L
            or (path[:2] == ("field", "root") and field == ALL[name].claim.field)
            or ("rate" in path and field.sign(theorem.rate - ALL[name].claim.rate) > 0)
            or path[:3] == ("claim", "normaliser", "constant")  # 1 becomes 7
            or (path[:3] == ("claim", "class", "mu/L") and theorem.rate == ALL[name].claim.rate)  # a smaller class
            or path[-1] == "title"
            or path[1:2] in (("vectors",), ("scalars",))  # names
            or (path[1:2] and path[1] in lists and path[-1] == 0)
            or path[0] == "witness"  # see test_witness
        )
        assert harmless, (path, junk)


json_values = st.recursive(
    st.sampled_from([*JUNK[:24]]) | st.text(max_size=4) | st.integers(-3, 10**9 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["kind", "name", "definition", "quadratic", "linear", "constant", "minpoly", "root", "program", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(["nonconvex", "silver-1", "listed", "radical"]), st.data())
def test_random_data(name: str, data: Any) -> None:
    original = data_of(name)
    places = list(nodes(original))
    changed = put(original, data.draw(st.sampled_from(places)), data.draw(json_values))
    try:
        certificate = certificate_from_text(json.dumps(changed))
        text = certificate_to_text(certificate)
        assert certificate_to_text(certificate_from_text(text)) == text
        check(certificate)
    except PepkitError:
        pass


def test_missing_and_unknown_keys() -> None:
    for name in ("constant-1", "listed", "silver-1"):
        data = data_of(name)
        for path in [p for p in nodes(data) if p]:
            inner = data
            for key in path[:-1]:
                inner = inner[key]
            if not isinstance(inner, dict) or path[0] == "provenance":
                continue
            less = copy.deepcopy(data)
            target = less
            for key in path[:-1]:
                target = target[key]
            del target[path[-1]]
            if path[-1] not in ("kernel", "witness", "provenance", "title"):
                read_and_check(less)
            more = put(data, (*path[:-1], path[-1] + " "), inner[path[-1]])
            read_and_check(more)


@pytest.mark.parametrize(
    "entries",
    [
        [[0, 1, "1/2"], [0, 1, "1/2"]], [[2, 0, "1/2"], [0, 1, "1/2"]], [[0, 1, "0"]], [[0, 1]], [[]], [["1/2"]], [[0, 1, 2, "1"]],
        [[True, 0, "1"]], [[False, True, "1"]], [[0, "1", "1"]], [[0.0, 1, "1"]], [[-1, 0, "1"]], [[0, 1, 1]], [[0, 1, 0.5]],
        [[0, 1, None]], [[0, 1, ["1", "1"]]], [[0, 1, [["1"]]]], [[0, 1, [["1"], ["1"]]]], [[0, 0, "1"]], [[0, 10**10, "1"]],
        [[0, 999999999, "1"]], {"0": "1"}, "x", None, [[0, 1, "1/2"], "x"], [[[0, 1], "1/2"]],
    ],
)  # fmt: skip
def test_bad_multipliers(entries: Any) -> None:
    read_and_check({**data_of(), "multipliers": {"interpolation": entries}})


def test_repeated_or_disordered_multipliers() -> None:
    """The last one of two is the right one, so only the order speaks against the file."""
    entries = data_of()["multipliers"]["interpolation"]
    for wrong in (
        [[*entries[0][:-1], "7"], *entries],
        [*entries, entries[-1]],
        entries[::-1],
        [entries[1], entries[0], entries[2]],
    ):
        refused(json.dumps({**data_of(), "multipliers": {"interpolation": wrong}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"quadratic": [[1, 0, "1"]]}, {"quadratic": [[0, 0, "1"], [0, 0, "1"]]}, {"quadratic": [[1, 1, "1"], [0, 0, "1"]]},
        {"quadratic": [[0, 3, "1"]]}, {"quadratic": [[True, 1, "1"]]}, {"quadratic": [[0, 0]]}, {"quadratic": [["0", 0, "1"]]},
        {"linear": [[1, "1"]]}, {"linear": [[0, "1"], [0, "1"]]}, {"linear": [[-1, "1"]]}, {"constant": 1}, {"constant": None},
        {"constant": "1/1"}, {"cubic": []}, {"quadratic": {}}, [], None, "0", {"linear": [[0, 0, "1"]]},
    ],
)  # fmt: skip
def test_bad_forms(changes: Any) -> None:
    for place in (("measure",), ("normaliser",), ("inequalities", 0, 1), ("matrix-inequalities", 0, 1, 1, 0)):
        read_and_check(put(data_of("listed"), ("claim", *place), changes))


@pytest.mark.parametrize(
    "field",
    [
        {"kind": "rationals", "x": 1}, {"kind": "reals"}, {"kind": "number-field"}, {}, [], None, "rationals",
        {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1"]},
        {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1", "2", "3"]},
        {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["-2", "2"]},
        {"kind": "number-field", "minpoly": ["-4", "0", "1"], "root": ["1", "3"]},
        {"kind": "number-field", "minpoly": ["-2", "0", "2"], "root": ["1", "2"]},
        {"kind": "number-field", "minpoly": ["-2", "0", 1], "root": ["1", "2"]},
        {"kind": "number-field", "minpoly": ["-2"] + ["0"] * 99_999 + ["1"], "root": ["1", "2"]},
        {"kind": "number-field", "minpoly": ["-2"] + ["9" * 5000] * 62 + ["1"], "root": ["0", "1" + "0" * 5000]},
        {"kind": "radicals"}, {"kind": "radicals", "program": {}}, {"kind": "radicals", "program": [[]]},
        {"kind": "radicals", "program": ["sqrt"]}, {"kind": "radicals", "program": [["sqrt", ["2"]]]},
        {"kind": "radicals", "program": [["sqrt", "-2"]]}, {"kind": "radicals", "program": [["/", "1", "0"]]},
        {"kind": "radicals", "program": [["+", 0, 0]]}, {"kind": "radicals", "program": [["sqrt", True]]},
        {"kind": "radicals", "program": [["+", "3", "0"], *(["*", k, k] for k in range(99))]},
        {"kind": "radicals", "program": [["sqrt", "2"], ["*", 0, 0], ["-", 1, "2"], ["sqrt", 2]]},
    ],
)  # fmt: skip
def test_bad_fields(field: Any) -> None:
    read_and_check({**data_of("silver-1"), "field": field})


def test_bombs_in_listed_claims() -> None:
    """Small files with large consequences."""
    claim = {"kind": "listed", "vectors": ["u"], "scalars": [], "measure": {"quadratic": [[0, 0, "1"]]},
             "normaliser": {"constant": "1"}, "rate": "1"}  # fmt: skip
    base = {"format": FORMAT, "field": {"kind": "rationals"}, "multipliers": {}}
    read_and_check({**base, "claim": {**claim, "vectors": ["u"] * 100_000}})
    doubling = [{"name": "d", "definition": [[k, "1" + "0" * 99], [k, "1"]]} for k in range(200)]
    read_and_check(
        {**base, "claim": {**claim, "vectors": ["u", *doubling], "measure": {"quadratic": [[200, 200, "1"]]}}}
    )
    long = "9" * 6000
    read_and_check({**base, "claim": {**claim, "measure": {"quadratic": [[0, 0, long]]}, "rate": f"1/{long}"}})
    read_and_check({**base, "claim": {**claim, "rate": "1" * 6002}})
    read_and_check({**base, "claim": {**claim, "vectors": ["u" * 2001]}})
    read_and_check({**base, "claim": {**claim, "vectors": [""]}})


def test_long_numbers_in_error_messages() -> None:
    """An error whose text holds numbers of more than 4300 digits (the limit of int to str), in every field."""
    radicand = "1" + "0" * 370 + "7"
    wide = {"kind": "number-field", "minpoly": ["-" + radicand, "0", "1"], "root": ["0", "1" + "0" * 200]}
    data = data_of("silver-1")
    data["field"] = wide
    big = "7" * 5990
    for place in (
        ("claim", "rate"),
        ("claim", "method", "steps", 0),
        ("claim", "class", "mu/L"),
        ("claim", "class", "L"),
    ):
        for value in ([f"-{big}", big], [big, f"-{big}"], f"-{big}", f"1/{big}", [f"1/{big}", f"-1/{big}"]):
            changed = put(data, place, value)
            read_and_check(changed)
    theorem = check(replace(constant_step(1, kernel=False), claim=constant_step(1).claim.with_rate(fmpq(10) ** 5999)))
    assert "e5999" in str(theorem)
    tiny = listed()
    assert "decimals the rate is 4." in str(check(tiny))


def test_identical_fields_have_one_number_whatever_the_interval() -> None:
    """Another interval for the same root is the same claim, with another spelling."""
    data = data_of("silver-3")
    data["field"]["root"] = ["0", "7"]
    certificate = certificate_from_text(json.dumps(data))
    assert certificate == ALL["silver-3"]
    assert check(certificate).tight
    data["field"]["root"] = ["-7", "0"]
    with pytest.raises(PepkitError):
        check(certificate_from_text(json.dumps(data)))
    assert NumberField([-2, 0, 1], (0, 7)) == SQRT2


def test_writing_needs_a_name_for_every_number() -> None:
    certificate = ALL["radical"]
    unnamed = RADICALS.nodes[0] * RADICALS.nodes[10]
    with pytest.raises(ClaimError):
        certificate_to_data(replace(certificate, claim=certificate.claim.with_rate(unnamed)))
