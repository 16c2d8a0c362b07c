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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.certificate import Certificate, Proof
from pepkit.kernel.claim_data import lower_triangle, read_claim, write_claim
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import FormatError
from pepkit.kernel.numbers import RATIONALS, Field, NumberField, rational_from_text
from pepkit.kernel.proof_data import read_proof, write_proof
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.statement import Index
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


# ---- reading -------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Certificate | Proof:
    """Read a certificate file. Raises FormatError or ClaimError; the file is not checked, see `check`."""
    with open(path, "rb") as stream:
        # one byte more than allowed: the size of a pipe or a device is not known beforehand
        content = stream.read(reading.MAX_BYTES + 1)
    return certificate_from_text(content)


def certificate_from_text(text: str | bytes) -> Certificate | Proof:
    """Read a certificate from its JSON text."""
    return certificate_from_data(reading.parse(text))


def certificate_from_data(data: object, field: Field | None = None) -> Certificate | Proof:
    """The certificate in parsed JSON. `field` overrides the field of the file with an equal finer one."""
    has_proof = isinstance(data, dict) and "proof" in data
    top = reading.fields(
        data,
        "the certificate",
        ("format", "field", "claim", "proof" if has_proof else "multipliers"),
        ("provenance",) if has_proof else ("kernel", "witness", "provenance"),
    )
    if top["format"] != FORMAT:
        raise FormatError(f"unknown format {str(top['format'])[:40]!r}; this reader knows {FORMAT!r}")
    number_field = _read_field(top["field"]) if field is None else field
    claim = read_claim(number_field, top["claim"])
    provenance = top.get("provenance", {})
    if not isinstance(provenance, dict):
        raise FormatError("provenance is not a JSON object")
    # data that were never text as well, so that what is read can be written and read again
    reading.shallow(provenance, reading.MAX_DEPTH - 1, "provenance")
    if has_proof:
        return read_proof(number_field, claim, top["proof"], provenance)
    multipliers = _read_multipliers(number_field, top["multipliers"])
    kernel = tuple(
        tuple(number_field.read(a) for a in reading.items(vector, "a kernel vector"))
        for vector in reading.items(top.get("kernel", []), "kernel")
    )
    witness = _read_witness(number_field, top["witness"]) if "witness" in top else None
    return Certificate(claim, multipliers, kernel, witness, provenance)


def _read_field(data: object) -> Field:
    if not isinstance(data, dict):
        raise FormatError("the field is not a JSON object")
    kind = data.get("kind")
    if kind == "rationals":
        reading.fields(data, "the field", ("kind",))
        return RATIONALS
    if kind == "number-field":
        reading.fields(data, "the field", ("kind", "minpoly", "root"))
        polynomial = [rational_from_text(c) for c in reading.items(data["minpoly"], "minpoly")]
        root = [rational_from_text(c) for c in reading.items(data["root"], "root")]
        if len(root) != 2:
            raise FormatError("root is not a pair of rationals")
        return NumberField(polynomial, (root[0], root[1]))
    if kind == "radicals":
        reading.fields(data, "the field", ("kind", "program"))
        program = [tuple(reading.items(i, "an instruction")) for i in reading.items(data["program"], "program")]
        for instruction in program:
            if not instruction or not all(isinstance(part, (str, int)) for part in instruction):
                raise FormatError("not an instruction of a radical field")
        return RadicalField(program)
    raise FormatError(f"unknown kind of field {str(kind)[:40]!r}")


def _read_multipliers(number_field: Field, data: object) -> dict[str, dict[Index, Any]]:
    if not isinstance(data, dict):
        raise FormatError("multipliers is not a JSON object")
    result: dict[str, dict[Index, Any]] = {}
    for name, entries in data.items():
        values: dict[Index, Any] = {}
        previous: Index = ()
        for entry in reading.items(entries, f"the multipliers of {name[:60]}"):
            items = reading.items(entry, "a multiplier")
            if len(items) < 2:
                raise FormatError("a multiplier is a list of indices and a number")
            index = tuple(reading.index(i, "an index of a multiplier") for i in items[:-1])
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
        lower = [[number_field.read(a) for a in reading.items(row, "a row")] for row in data]
        if any(len(row) != i + 1 for i, row in enumerate(lower)):
            raise FormatError("a matrix multiplier is written as its lower triangle")
        size = len(lower)
        return tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(size)) for i in range(size))
    return number_field.read(data)


def _read_witness(number_field: Field, data: object) -> Witness:
    parts = reading.fields(data, "the witness", ("coordinates", "scalars"), ("weights",))
    rows = [reading.items(row, "coordinates of a vector") for row in reading.items(parts["coordinates"], "coordinates")]
    scalars = reading.items(parts["scalars"], "scalars")
    return Witness(
        tuple(tuple(number_field.read(a) for a in row) for row in rows),
        tuple(number_field.read(a) for a in scalars),
        tuple(number_field.read(a) for a in reading.items(parts["weights"], "weights")) if "weights" in parts else None,
    )


# ---- writing -------------------------------------------------------------------------------------


def certificate_to_data(certificate: Certificate | Proof) -> dict[str, Any]:
    """The JSON data of a certificate."""
    number_field = certificate.claim.field
    write = number_field.write
    data: dict[str, Any] = {
        "format": FORMAT,
        "field": number_field.description(),
        "claim": write_claim(certificate.claim),
    }
    if certificate.provenance:
        data["provenance"] = dict(certificate.provenance)
    if not isinstance(certificate, Certificate):
        data["proof"] = write_proof(certificate)
        return data
    data["multipliers"] = {
        name: [
            [*index, _multiplier_data(number_field, value)]
            for index, value in sorted(values.items(), key=lambda item: item[0])
            if _nonzero(value)
        ]
        for name, values in sorted(certificate.multipliers.items())
    }
    if certificate.kernel:
        data["kernel"] = [[write(a) for a in vector] for vector in certificate.kernel]
    if certificate.witness is not None:
        data["witness"] = {
            "coordinates": [[write(a) for a in row] for row in certificate.witness.coordinates],
            "scalars": [write(a) for a in certificate.witness.scalars],
        }
        if certificate.witness.weights is not None:
            data["witness"]["weights"] = [write(a) for a in certificate.witness.weights]
    return data


def _nonzero(value: Any) -> bool:
    return isinstance(value, tuple) or bool(value)


def _multiplier_data(number_field: Field, value: Any) -> Any:
    if isinstance(value, tuple):
        return lower_triangle(value, number_field.write)
    return number_field.write(value)


def certificate_to_text(certificate: Certificate | Proof) -> str:
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


def save(certificate: Certificate | Proof, path: str | os.PathLike[str]) -> None:
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


def digest(certificate: Certificate | Proof) -> str:
    """SHA-256 of everything in the certificate but its provenance."""
    data = certificate_to_data(certificate)
    data.pop("provenance", None)
    return _sha256(data)


def claim_digest(claim: Claim) -> str:
    """SHA-256 of the claim and its field: equal for two proofs of one theorem."""
    return _sha256({"format": FORMAT, "field": claim.field.description(), "claim": write_claim(claim)})
