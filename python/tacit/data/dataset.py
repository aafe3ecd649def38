"""Committed datasets: a commitment to encoded records, and proofs of what the dataset program says of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit import _native
from tacit.api import integers
from tacit.api.calls import prove
from tacit.api.matching import secret_for
from tacit.api.native import failures
from tacit.api.objects import Commitment, Program, Proof
from tacit.api.parameters import check, check_count
from tacit.api.secret import Secret
from tacit.api.verifying import verify
from tacit.data import relations, told
from tacit.data.encoding import encoded
from tacit.data.held import check_held
from tacit.data.limits import check_range
from tacit.data.schema import Schema
from tacit.errors import InputError, InvalidProof
from tacit.program import Program as Decoded

if TYPE_CHECKING:
    from tacit.data.relations import Histogram


def compile(
    schema: Schema,
    records: int,
    *,
    histogram: Histogram = None,
    proofs: int = 64,
    security: int = 128,
    optimize: str = "balanced",
) -> Program:
    """The dataset program of a schema for so many records, ready for commitments.

    `histogram`: of the labels: None, "public", or bounds {class: (least, most)} (`tacit.data.program`). `proofs`, `security`,
    `optimize`: as for `tacit.compile`; one commitment takes part in so many proofs, this program's among them.
    It follows from the arguments alone: whoever verifies makes it anew. Raises InputError, ProgramError.
    """
    check("schema", schema, Schema)
    check_count("proofs", proofs)
    made = relations.program(schema, records, histogram=histogram).encode()
    notes = json.dumps(told.notes(schema), sort_keys=True)
    with failures():
        geometry = _native.derive([made], proofs, security, optimize)
        return Program(_native.Program(made, geometry, proofs, notes))


@dataclass(frozen=True)
class Dataset:
    """A committed dataset, its owner's side: the secret, and what is public of it.

    `records`: their number. `id_range`: the least and the greatest id that proofs show, which need not be those of a record.
    `schema`, `program`: digests, hexadecimal. `classes`: of the labels, for what is said to people.
    """

    secret: Secret = field(repr=False)
    records: int
    id_range: tuple[int, int]
    schema: str
    program: str
    classes: tuple[str, ...] = ()

    @property
    def commitment(self) -> Commitment:
        """The public part."""
        return self.secret.commitment

    @property
    def identity(self) -> str:
        """Hexadecimal; of a child its own."""
        return self.commitment.identity

    @property
    def master(self) -> str:
        """The identity that a manifest names: of a child that of its master, otherwise its own."""
        return self.commitment.master or self.commitment.identity

    @classmethod
    def opened(cls, program: Program, schema: Schema, secret: Secret, id_range: tuple[int, int]) -> Dataset:
        """A dataset of its saved secret, and of what is public. Raises InputError (slugs program, ids, commitments, header)."""
        count, _ = relations.read(schema, Decoded.decode(program._native.bytes()))
        told.check_told(program, schema, "schema")
        secret_for(program, "data", secret)
        return cls(secret, count, check_range(id_range), schema.digest, program.digest, tuple(schema.classes or ()))

    def child(self, proofs: int | None = None) -> Dataset:
        """A child of this master: the same records under a fresh commitment (`Secret.rotate`), for whoever trains with them."""
        return replace(self, secret=self.secret.rotate(proofs))


@dataclass(frozen=True)
class DatasetStatement:
    """What an accepted dataset proof says of a commitment; `says` is that in sentences.

    `records`: how many, `id_range`: where their ids lie. `histogram`: how many of each class, where that is public;
    `bounds`: (least, most) of each class, where the program says so. `identity`, `master` (None if it is no child), `schema`,
    `program`: hexadecimal. `security`: proven bits.
    """

    records: int
    id_range: tuple[int, int]
    histogram: Mapping[str, int] | None
    bounds: Mapping[str, tuple[int, int]] | None
    identity: str
    master: str | None
    schema: str
    program: str
    context: bytes
    security: float

    @property
    def says(self) -> tuple[str, ...]:
        """What is known now, and what is not."""
        lo, hi = self.id_range
        found = [
            f"the commitment holds {self.records} records, each of them valid under the schema {self.schema[:16]}",
            f"the schema: {told.NOT_BOUND}",
            f"no record stands in it twice: their ids differ and lie in [{lo}, {hi}]",
        ]
        if self.histogram is not None:
            found.append("labels: " + ", ".join(f"{count} {name}" for name, count in self.histogram.items()))
        if self.bounds is not None:
            counts = (f"{least} to {most} {name}" for name, (least, most) in self.bounds.items())
            found.append("labels: " + ", ".join(counts))
        return (*found, "not shown: the records; not said: that they are true, which is the issuer's word")


def commit_dataset(
    program: Program,
    schema: Schema,
    table: Any,
    *,
    ids: Any = None,
    id_range: tuple[int, int] | None = None,
    proofs: int | None = None,
    children: int = 0,
) -> Dataset:
    """Encode a table's records and commit to them; the commitment carries a proof that all integers lie in their intervals.

    `program`: a dataset program of the schema, for as many records as the table has. `table`, `ids`: as for
    `Schema.encode`, or encoded records. `id_range`: the public range of ids; that of the records, if not given.
    `proofs`, `children`: as for `tacit.commit_model`; an issuer makes a master with children, and hands these to the node.
    Raises InputError, AllowanceExceeded.
    """
    check("program", program, Program)
    check("schema", schema, Schema)
    count, _ = relations.read(schema, Decoded.decode(program._native.bytes()))
    told.check_told(program, schema, "schema")
    records = encoded(schema, table, ids)
    if records.count != count:
        raise InputError(
            f"expected the {count} records that the program is for, got {records.count}",
            slug="records",
            place="table",
            remedy=f"compile for {records.count} records, or cut the table into shards of {count}",
        )
    lo, hi = check_range(records.id_range if id_range is None else id_range)
    least, greatest = records.id_range
    if not lo <= least <= greatest <= hi:
        raise InputError(
            f"expected a range of ids that holds [{least}, {greatest}], got [{lo}, {hi}]",
            slug="ids",
            place="id_range",
            remedy="leave out the records beyond the range, or declare a wider one",
        )
    secret = integers.commit(program, "data", records, proofs=proofs, children=children)
    return Dataset(secret, count, (lo, hi), schema.digest, program.digest, tuple(schema.classes or ()))


def prove_dataset(program: Program, dataset: Dataset, *, context: bytes = b"") -> Proof:
    """Prove what the dataset program says of the commitment. Spends one proof of its secret.

    Of a dataset whose secret is a master, with a child (`Dataset.child`). `context`: bytes that the proof is bound to.
    Ids beyond the range and classes beyond the program's bounds are refused first, and count nothing (slugs ids, histogram).
    Raises InputError, AllowanceExceeded.
    """
    check("program", program, Program)
    check("dataset", dataset, Dataset)
    if dataset.program != program.digest:
        raise InputError(
            f"expected a dataset of program {program.digest[:16]}, got one of {dataset.program[:16]}",
            slug="program",
            place="dataset",
            remedy="prove with the program that it was committed for",
        )
    lo, hi = dataset.id_range
    check_held(program, dataset.secret, dataset.id_range, dataset.classes)
    return prove(
        program, None, {"id_lo": np.array([lo]), "id_hi": np.array([hi])}, data=dataset.secret, context=context
    )


def verify_dataset(
    program: Program,
    schema: Schema,
    proof: Proof | bytes,
    commitment: Commitment,
    *,
    context: bytes = b"",
    security: int = 128,
) -> DatasetStatement:
    """Accept a dataset proof about this commitment and say what it states, or raise InvalidProof.

    The program is made anew from the schema and compared: a proof of any other relations is refused (slug program), whoever
    wrote the program file. Names, units, scales and the order of classes are in no program: schemas whose integers are alike
    have one. Of these the one is refused that the program file does not name (slug schema), where it names one; what binds
    them is the digest in `DatasetStatement.schema`, which a manifest signs. `context`, `security`: as for `tacit.verify`.
    """
    check("program", program, Program)
    check("schema", schema, Schema)
    check("commitment", commitment, Commitment)
    try:
        count, histogram = relations.read(schema, Decoded.decode(program._native.bytes()))
    except InputError as error:
        raise InvalidProof(error.reason, slug="program", place=error.place, remedy=error.remedy) from None
    told.check_told(program, schema, "dataset program", InvalidProof)
    found = verify(program, proof, data=commitment, context=context, security=security)
    names = schema.classes or ()
    shown = found.integers.get("histogram")
    return DatasetStatement(
        count,
        (int(found.integers["id_lo"][0]), int(found.integers["id_hi"][0])),
        None if shown is None else dict(zip(names, map(int, shown), strict=True)),
        histogram if isinstance(histogram, Mapping) else None,
        commitment.identity,
        commitment.master,
        schema.digest,
        program.digest,
        context,
        found.security,
    )
