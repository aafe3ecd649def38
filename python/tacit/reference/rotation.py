"""Rotation: a child commitment holds the same values as its master. Docs: protocol.md, section 7.

Both sides open one form, drawn from both identities, to the same public v: the extension of the tensors' valid entries
at r, and z1 times the link value that hides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import borsh
from .commitment import COMMITMENT_CODEC, GEOMETRY_CODEC, Commitment
from .errors import Refused
from .field import UNITS, K, bits, eq_bits, mul, neg
from .forms import Affine, AxisTables, Form, split, term_form
from .program import (
    InSlab,
    NamedTensor,
    OfTensor,
    Program,
    SlabDecl,
    Tensor,
    Term,
    encode_program,
    identity_links,
    layout,
    schema_of,
    shape_bits,
)
from .relations import Claim
from .syntax import VERSION
from .transcript import BINDING, be64, digest_of, domain_tag, next_k, unpack_k, words
from .validity import valid_validity_program
from .verify import CellClaim, verify_with

ROTATION_CONTEXT = b"tacit link"


@dataclass(frozen=True)
class Rotation:
    index: int  # the master's link cell
    v: bytes
    master: bytes  # the two arguments
    child: bytes


ROTATION_CODEC: borsh.Codec[Rotation] = borsh.struct(
    Rotation, {"index": borsh.U16, "v": borsh.fixed(24), "master": borsh.BYTES, "child": borsh.BYTES}
)


def rotation_program(slab: str, tensors: Sequence[NamedTensor]) -> Program:
    """The slab and its tensors, no relation at all."""
    members = tuple(Tensor(name, shape, InSlab(0), lo, hi) for name, shape, lo, hi in tensors)
    return Program(VERSION, "link", (SlabDecl(slab, True),), members, (), (), (), (), (), (), ())


def rotation_key(master: Commitment, child: Commitment, index: int) -> bytes:
    return digest_of(domain_tag(BINDING, 1), master.identity, child.identity, be64(index))


def rotation_form(program: Program, key: bytes, index: int) -> tuple[list[tuple[K, Form]], dict[int, int]]:
    """sum over valid entries of eq_table(r)[cell] * value + z1 * (link cell `index`), and where that cell lies."""
    where = layout(program, 0)
    stream = words(key)
    z1 = next_k(stream)
    r = [next_k(stream) for _ in range(bits(max(where.cells, 1)))]
    forms: list[tuple[K, Form]] = []
    for tensor, offset in where.offsets.items():
        shape = program.shape_of(tensor)
        size = shape_bits(shape)
        high, low = r[: len(r) - size], r[len(r) - size :]
        everything = Term(1, OfTensor(tensor), identity_links(len(shape)))
        scalar, groups = term_form(everything, AxisTables(shape, split(shape, low)), shape, True)
        forms.append((mul(scalar, eq_bits(offset >> size, high)), Form(tensor, groups)))
    cell = len(program.tensors)
    weights = [mul(z1, unit) for unit in UNITS]
    forms.append((UNITS[0], Form(cell, (([0, 1, 2], weights),))))
    return forms, {cell: where.cells + 3 + 3 * index}


def check_rotation(
    slab: str, tensors: Sequence[NamedTensor], child: Commitment, master: Commitment, rotation: Rotation, target: int
) -> None:
    """Refuses ("rotation") unless master and child hold the same values."""
    place = f"commitment {slab}"
    if not (master.header.private and child.header.private):
        raise Refused("rotation", place, "a public slab is not rotated")
    if master.header.schema != schema_of(tensors) or child.header.schema != master.header.schema:
        raise Refused("rotation", place, "master and child have different schemas")
    if rotation.index >= master.header.links or child.header.links < 1:
        raise Refused("rotation", place, "no such link cell")
    try:
        valid_validity_program(slab, tensors)  # bounds the work of the claim
    except Refused as refused:
        raise Refused("rotation", place, str(refused)) from refused
    program = rotation_program(slab, tensors)
    key = rotation_key(master, child, rotation.index)
    sides = (("master", master, rotation.index, rotation.master), ("child", child, 0, rotation.child))
    for side, commitment, index, argument in sides:
        try:
            v = unpack_k(rotation.v, "v")[0]
            forms, cells = rotation_form(program, key, index)
            claim = Claim("link", Affine(neg(v), {}, tuple(forms)))
            verify_with(
                encode_program(program),
                GEOMETRY_CODEC.write(commitment.header.geometry),
                {slab: COMMITMENT_CODEC.write(commitment)},
                [],
                ROTATION_CONTEXT + key + rotation.v,
                argument,
                target,
                CellClaim(claim, cells),
            )
        except Refused as refused:
            raise Refused("rotation", f"{place}, {side}", str(refused)) from refused
