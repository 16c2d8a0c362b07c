"""Certificate files, format ``pepkit-cert/1``: JSON with exact numbers as strings.

The reader treats every file as hostile: sizes are bounded before anything is parsed, duplicate keys,
unknown keys, floats, numbers in other than lowest terms and lists out of order are refused, and nothing
in a file is ever executed. Every certificate has one spelling, so it can be hashed.

The format is described for implementers in docs/certificate-format.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pepkit.kernel.certificate import Certificate
from pepkit.kernel.claims import (
    Claim,
    FixedStepMethod,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.numbers import RATIONALS, Field, NumberField, rational_from_text
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.statement import Form, Index, Vector
from pepkit.kernel.witness import Witness

__all__ = [
    "FORMAT",
    "certificate_from_data",
    "certificate_from_text",
    "certificate_to_data",
    "certificate_to_text",
    "claim_digest",
    "digest",
    "load",
    "save",
]

FORMAT = "pepkit-cert/1"
MAX_BYTES = 64 << 20
MAX_INTEGER_DIGITS = 9
MAX_LIST = 4_000_000
MAX_NAME = 2000


# ---- reading -------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Certificate:
    """Read a certificate file. Raises FormatError or ClaimError; the file is not checked, see `check`."""
    size = os.path.getsize(path)
    if size > MAX_BYTES:
        raise FormatError(f"the file has {size} bytes, more than the limit of {MAX_BYTES}")
    return certificate_from_text(Path(path).read_bytes())


def certificate_from_text(text: str | bytes) -> Certificate:
    """Read a certificate from its JSON text."""
    if len(text) > MAX_BYTES:
        raise FormatError(f"the text is longer than the limit of {MAX_BYTES} bytes")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_refuse_float,
            parse_int=_integer,
            parse_constant=_refuse_float,
        )
    except RecursionError:
        raise FormatError("the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise FormatError("the file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not a JSON file: {error}") from None
    return certificate_from_data(data)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise FormatError(f"the key {key[:60]!r} occurs twice")
        result[key] = value
    return result


def _refuse_float(text: str) -> Any:
    raise FormatError(f"floating-point number {text[:40]} in a certificate; exact numbers are strings")


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise FormatError("an integer outside a string is too long; exact numbers are strings")
    return int(text)


def _fields(data: object, what: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise FormatError(f"{what} is not a JSON object")
    for key in required:
        if key not in data:
            raise FormatError(f"{what} has no {key!r}")
    for key in data:
        if key not in required and key not in optional:
            raise FormatError(f"{what} has an unknown key {key[:60]!r}")
    return data


def _list(data: object, what: str) -> list[Any]:
    if not isinstance(data, list):
        raise FormatError(f"{what} is not a list")
    if len(data) > MAX_LIST:
        raise FormatError(f"{what} has more than {MAX_LIST} entries")
    return data


def _text(data: object, what: str) -> str:
    if not isinstance(data, str) or not data or len(data) > MAX_NAME:
        raise FormatError(f"{what} is not a text of 1 to {MAX_NAME} characters")
    return data


def _index(data: object, what: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or data < 0:
        raise FormatError(f"{what} is not a non-negative integer")
    return data


def certificate_from_data(data: object, field: Field | None = None) -> Certificate:
    """The certificate in parsed JSON. `field` overrides the field of the file with an equal finer one."""
    top = _fields(
        data,
        "the certificate",
        ("format", "field", "claim", "multipliers"),
        ("kernel", "witness", "provenance"),
    )
    if top["format"] != FORMAT:
        raise FormatError(f"unknown format {str(top['format'])[:40]!r}; this reader knows {FORMAT!r}")
    number_field = _read_field(top["field"]) if field is None else field
    claim = _read_claim(number_field, top["claim"])
    multipliers = _read_multipliers(number_field, top["multipliers"])
    kernel = tuple(
        tuple(number_field.read(a) for a in _list(vector, "a kernel vector"))
        for vector in _list(top.get("kernel", []), "kernel")
    )
    witness = _read_witness(number_field, top["witness"]) if "witness" in top else None
    provenance = top.get("provenance", {})
    if not isinstance(provenance, dict):
        raise FormatError("provenance is not a JSON object")
    return Certificate(claim, multipliers, kernel, witness, provenance)


def _read_field(data: object) -> Field:
    if not isinstance(data, dict):
        raise FormatError("the field is not a JSON object")
    kind = data.get("kind")
    if kind == "rationals":
        _fields(data, "the field", ("kind",))
        return RATIONALS
    if kind == "number-field":
        _fields(data, "the field", ("kind", "minpoly", "root"))
        polynomial = [rational_from_text(c) for c in _list(data["minpoly"], "minpoly")]
        root = [rational_from_text(c) for c in _list(data["root"], "root")]
        if len(root) != 2:
            raise FormatError("root is not a pair of rationals")
        return NumberField(polynomial, (root[0], root[1]))
    if kind == "radicals":
        _fields(data, "the field", ("kind", "program"))
        program = [tuple(_list(i, "an instruction")) for i in _list(data["program"], "program")]
        for instruction in program:
            if not instruction or not all(isinstance(part, (str, int)) for part in instruction):
                raise FormatError("not an instruction of a radical field")
        return RadicalField(program)
    raise FormatError(f"unknown kind of field {str(kind)[:40]!r}")


def _read_claim(number_field: Field, data: object) -> Claim:
    if not isinstance(data, dict):
        raise FormatError("the claim is not a JSON object")
    readers: dict[Any, Callable[[Field, dict[str, Any]], Claim]] = {
        "method": _read_method_claim,
        "listed": _read_listed_claim,
    }
    reader = readers.get(data.get("kind"))
    if reader is None:
        raise FormatError(f"unknown kind of claim {str(data.get('kind'))[:40]!r}")
    return reader(number_field, data)


def _read_method_claim(number_field: Field, data: dict[str, Any]) -> MethodClaim:
    _fields(data, "the claim", ("kind", "class", "method", "measure", "initial", "rate"))
    read = number_field.read
    cls = _fields(data["class"], "the class", ("L", "mu/L"))
    smoothness = None if cls["L"] == "L" else read(cls["L"])
    method = data["method"]
    kind = method.get("type") if isinstance(method, dict) else None
    parsed: GradientDescent | FixedStepMethod
    if kind == "gradient-descent":
        _fields(method, "the method", ("type", "steps"))
        parsed = GradientDescent(tuple(read(h) for h in _list(method["steps"], "steps")))
    elif kind == "fixed-step":
        _fields(method, "the method", ("type", "matrix"))
        rows = [_list(row, "a row of the step matrix") for row in _list(method["matrix"], "matrix")]
        parsed = FixedStepMethod(tuple(tuple(read(h) for h in row) for row in rows))
    else:
        raise FormatError(f"unknown type of method {str(kind)[:40]!r}")
    return MethodClaim(
        number_field,
        SmoothFunctionClass(read(cls["mu/L"]), smoothness),
        parsed,
        _member(Measure, data["measure"]),
        _member(InitialCondition, data["initial"]),
        read(data["rate"]),
    )


def _member(enumeration: Any, value: object) -> Any:
    for member in enumeration:
        if member.value == value:
            return member
    known = ", ".join(repr(member.value) for member in enumeration)
    raise FormatError(f"unknown value {str(value)[:60]!r}; known are {known}")


def _read_listed_claim(number_field: Field, data: dict[str, Any]) -> ListedClaim:
    _fields(
        data,
        "the claim",
        ("kind", "vectors", "scalars", "measure", "normaliser", "rate"),
        ("inequalities", "equalities", "matrix-inequalities", "title"),
    )

    def form(entry: object) -> Form:
        parts = _fields(entry, "a form", (), ("quadratic", "linear", "constant"))
        quadratic = {}
        for term in _list(parts.get("quadratic", []), "quadratic"):
            p, q, c = _entry(term, 2, "a quadratic term")
            quadratic[(p, q)] = number_field.read(c)
        linear = {}
        for term in _list(parts.get("linear", []), "linear"):
            s, c = _entry(term, 1, "a linear term")
            linear[s] = number_field.read(c)
        _increasing(list(quadratic), len(_list(parts.get("quadratic", []), "quadratic")), "quadratic terms")
        _increasing([(s,) for s in linear], len(_list(parts.get("linear", []), "linear")), "linear terms")
        return Form(quadratic, linear, number_field.read(parts.get("constant", "0")))

    def named(key: str, reader: Callable[[object], Any]) -> tuple[tuple[str, Any], ...]:
        pairs = []
        for item in _list(data.get(key, []), key):
            if len(_list(item, f"an entry of {key}")) != 2:
                raise FormatError(f"an entry of {key} is not a pair of name and form")
            pairs.append((_text(item[0], "a name"), reader(item[1])))
        return tuple(pairs)

    def matrix(entry: object) -> tuple[tuple[Form, ...], ...]:
        lower = [[form(e) for e in _list(row, "a row")] for row in _list(entry, "a matrix of forms")]
        if any(len(row) != i + 1 for i, row in enumerate(lower)):
            raise FormatError("a matrix inequality is written as its lower triangle")
        size = len(lower)
        return tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(size)) for i in range(size))

    vectors = []
    for item in _list(data["vectors"], "vectors"):
        if isinstance(item, str):
            vectors.append(Vector(_text(item, "a vector name")))
            continue
        parts = _fields(item, "a vector", ("name", "definition"))
        definition = []
        for term in _list(parts["definition"], "a definition"):
            k, c = _entry(term, 1, "a term of a definition")
            definition.append((k, number_field.read(c)))
        vectors.append(Vector(_text(parts["name"], "a vector name"), tuple(definition)))
    return ListedClaim(
        tuple(vectors),
        tuple(_text(s, "a scalar name") for s in _list(data["scalars"], "scalars")),
        named("inequalities", form),
        named("equalities", form),
        named("matrix-inequalities", matrix),
        form(data["measure"]),
        form(data["normaliser"]),
        number_field.read(data["rate"]),
        _text(data["title"], "the title") if "title" in data else "",
        number_field,
    )


def _entry(data: object, arity: int, what: str) -> list[Any]:
    items = _list(data, what)
    if len(items) != arity + 1:
        raise FormatError(f"{what} has {len(items)} parts instead of {arity + 1}")
    return [_index(i, f"an index of {what}") for i in items[:arity]] + [items[arity]]


def _increasing(indices: Sequence[Index], count: int, what: str) -> None:
    if len(indices) != count or any(a >= b for a, b in pairwise(indices)):
        raise FormatError(f"the {what} are not in strictly increasing order")


def _read_multipliers(number_field: Field, data: object) -> dict[str, dict[Index, Any]]:
    if not isinstance(data, dict):
        raise FormatError("multipliers is not a JSON object")
    result: dict[str, dict[Index, Any]] = {}
    for name, entries in data.items():
        values: dict[Index, Any] = {}
        previous: Index = ()
        for entry in _list(entries, f"the multipliers of {name[:60]}"):
            items = _list(entry, "a multiplier")
            if len(items) < 2:
                raise FormatError("a multiplier is a list of indices and a number")
            index = tuple(_index(i, "an index of a multiplier") for i in items[:-1])
            if index <= previous:
                raise FormatError(f"the multipliers of {name[:60]} are not in strictly increasing order")
            previous = index
            value = _read_multiplier(number_field, items[-1])
            if not isinstance(value, tuple) and not value:
                raise FormatError("a multiplier is zero; leave it out")
            values[index] = value
        result[name] = values
    return result


def _read_multiplier(number_field: Field, data: object) -> Any:
    if isinstance(data, list) and data and isinstance(data[0], list):
        lower = [[number_field.read(a) for a in _list(row, "a row")] for row in data]
        if any(len(row) != i + 1 for i, row in enumerate(lower)):
            raise FormatError("a matrix multiplier is written as its lower triangle")
        size = len(lower)
        return tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(size)) for i in range(size))
    return number_field.read(data)


def _read_witness(number_field: Field, data: object) -> Witness:
    parts = _fields(data, "the witness", ("coordinates", "scalars"))
    rows = [_list(row, "coordinates of a vector") for row in _list(parts["coordinates"], "coordinates")]
    scalars = _list(parts["scalars"], "scalars")
    return Witness(
        tuple(tuple(number_field.read(a) for a in row) for row in rows),
        tuple(number_field.read(a) for a in scalars),
    )


# ---- writing -------------------------------------------------------------------------------------


def certificate_to_data(certificate: Certificate) -> dict[str, Any]:
    """The JSON data of a certificate."""
    number_field = certificate.claim.field
    write = number_field.write
    data: dict[str, Any] = {
        "format": FORMAT,
        "field": number_field.description(),
        "claim": _claim_data(certificate.claim),
        "multipliers": {
            name: [
                [*index, _multiplier_data(number_field, value)]
                for index, value in sorted(values.items(), key=lambda item: item[0])
                if _nonzero(value)
            ]
            for name, values in sorted(certificate.multipliers.items())
        },
    }
    if certificate.kernel:
        data["kernel"] = [[write(a) for a in vector] for vector in certificate.kernel]
    if certificate.witness is not None:
        data["witness"] = {
            "coordinates": [[write(a) for a in row] for row in certificate.witness.coordinates],
            "scalars": [write(a) for a in certificate.witness.scalars],
        }
    if certificate.provenance:
        data["provenance"] = dict(certificate.provenance)
    return data


def _nonzero(value: Any) -> bool:
    return isinstance(value, tuple) or bool(value)


def _lower_triangle(rows: Iterable[Sequence[Any]], write: Callable[[Any], Any]) -> list[list[Any]]:
    return [[write(a) for a in row[: i + 1]] for i, row in enumerate(rows)]


def _multiplier_data(number_field: Field, value: Any) -> Any:
    if isinstance(value, tuple):
        return _lower_triangle(value, number_field.write)
    return number_field.write(value)


def _claim_data(claim: Claim) -> dict[str, Any]:
    write = claim.field.write
    if isinstance(claim, MethodClaim):
        cls = claim.function_class
        method: dict[str, Any]
        if isinstance(claim.method, GradientDescent):
            method = {"type": "gradient-descent", "steps": [write(h) for h in claim.method.steps]}
        else:
            method = {"type": "fixed-step", "matrix": [[write(h) for h in row] for row in claim.method.matrix]}
        return {
            "kind": "method",
            "class": {"L": "L" if cls.L is None else write(cls.L), "mu/L": write(cls.mu_over_L)},
            "method": method,
            "measure": claim.measure.value,
            "initial": claim.initial.value,
            "rate": write(claim.rate),
        }
    if isinstance(claim, ListedClaim):
        return _listed_claim_data(claim)
    raise ClaimError(f"a claim of type {type(claim).__name__} cannot be written to a file")


def _listed_claim_data(claim: ListedClaim) -> dict[str, Any]:
    write = claim.field.write

    def form(value: Form) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if value.quadratic:
            entry["quadratic"] = [[*key, write(value.quadratic[key])] for key in sorted(value.quadratic)]
        if value.linear:
            entry["linear"] = [[s, write(value.linear[s])] for s in sorted(value.linear)]
        if value.constant:
            entry["constant"] = write(value.constant)
        return entry

    data: dict[str, Any] = {
        "kind": "listed",
        "vectors": [
            v.name if v.definition is None else {"name": v.name, "definition": [[k, write(a)] for k, a in v.definition]}
            for v in claim.vectors
        ],
        "scalars": list(claim.scalars),
        "measure": form(claim.measure),
        "normaliser": form(claim.normaliser),
        "rate": write(claim.rate),
    }
    if claim.title:
        data["title"] = claim.title
    if claim.inequalities:
        data["inequalities"] = [[name, form(f)] for name, f in claim.inequalities]
    if claim.equalities:
        data["equalities"] = [[name, form(f)] for name, f in claim.equalities]
    if claim.matrix_inequalities:
        data["matrix-inequalities"] = [[name, _lower_triangle(m, form)] for name, m in claim.matrix_inequalities]
    return data


def certificate_to_text(certificate: Certificate) -> str:
    """The JSON text of a certificate: sorted keys, one line for every multiplier or step."""
    return _layout(certificate_to_data(certificate)) + "\n"


def _layout(value: Any, indent: int = 0) -> str:
    """Objects and lists of lists over several lines, everything else on one."""
    pad = " " * (indent + 1)
    if isinstance(value, dict) and value:
        items = [f"{pad}{json.dumps(k)}: {_layout(value[k], indent + 1)}" for k in sorted(value)]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value) and indent < 4:
        items = [pad + json.dumps(item, sort_keys=True) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"
    return json.dumps(value, sort_keys=True)


def save(certificate: Certificate, path: str | os.PathLike[str]) -> None:
    """Write a certificate file. The file appears whole or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = certificate_to_text(certificate)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _sha256(data: Mapping[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def digest(certificate: Certificate) -> str:
    """SHA-256 of everything in the certificate but its provenance."""
    data = certificate_to_data(certificate)
    data.pop("provenance", None)
    return _sha256(data)


def claim_digest(claim: Claim) -> str:
    """SHA-256 of the claim and its field: equal for two proofs of one theorem."""
    return _sha256({"format": FORMAT, "field": claim.field.description(), "claim": _claim_data(claim)})
