"""One argument against one statement. Docs: protocol.md, section 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import borsh
from .commitment import (
    COMMITMENT_CODEC,
    GEOMETRY_CODEC,
    Commitment,
    check_geometry,
    check_header,
    order_commitments,
    place_slabs,
)
from .errors import Refused
from .field import pack_f
from .forms import Extender
from .opening import Opening
from .program import Constant, Program, Public, decode_program, digest, valid_entries
from .relations import Claim, Relations
from .security import check_security
from .sizes import Sizes
from .transcript import PUBLIC_BLOCK, Reader, Transcript, digest_of, domain_tag
from .validation import validate
from .work import check_geometry_work

# Entries of a public tensor that is absorbed as it is, and of a block of a longer one.
WHOLE, BLOCK = 4096, 1024


def verify(
    program_bytes: bytes,
    geometry_bytes: bytes,
    commitments: Mapping[str, bytes],
    publics: Sequence[Sequence[int]],
    context: bytes,
    argument: bytes,
    *,
    target: int = 128,
) -> None:
    """Returns if the argument proves the statement; raises Refused (slug, place, detail) otherwise.

    commitments: slab name -> borsh Commitment, exactly the program's slabs; their validity is the
    caller's concern (files.py checks it). publics: the entries of every public tensor, row-major,
    in the order of the program. target: security in bits that the geometry must reach.
    """
    verify_with(program_bytes, geometry_bytes, commitments, publics, context, argument, target, None)


@dataclass(frozen=True)
class CellClaim:
    """One further claim, on the first slab's cells: forms may name virtual tensors, whose first cells `cells` gives."""

    claim: Claim
    cells: Mapping[int, int]


def verify_with(
    program_bytes: bytes,
    geometry_bytes: bytes,
    commitments: Mapping[str, bytes],
    publics: Sequence[Sequence[int]],
    context: bytes,
    argument: bytes,
    target: int,
    further: CellClaim | None,
) -> None:
    """`verify`, with a claim between the products' and the binding claims (rotation.py)."""
    program = decode_program(program_bytes)
    validate(program)
    geometry = borsh.decode(GEOMETRY_CODEC, geometry_bytes, "geometry")
    check_geometry(geometry)
    if geometry.target < target:
        raise Refused("target", "geometry", f"made for {geometry.target} bits, not {target}")
    decoded = {name: borsh.decode(COMMITMENT_CODEC, data, f"commitment {name}") for name, data in commitments.items()}
    ordered = order_commitments(program, decoded)
    links = [commitment.header.links for commitment in ordered]
    sizes = Sizes.of(program)
    placement = place_slabs(program, sizes, geometry, links)
    columns = sum(slab.columns for slab in placement.slabs)
    check_geometry_work(program, geometry.folds, columns * geometry.data_rows)
    check_security(program, geometry, target, links, further_claims=1 if further else 0)
    for index, commitment in enumerate(ordered):
        own = placement.slabs[index].columns
        check_header(program, index, commitment.header, geometry, own, placement.fold)
        _ = commitment.y_value  # canonical
    public_values = check_publics(program, publics)

    reader = Reader(argument)
    absorb_statement(reader, geometry_bytes, program_bytes, ordered, publics, context)
    witness_root = reader.message("witness", 32)
    shapes = [tensor.shape for tensor in program.tensors]
    extender = Extender(shapes, {**constant_values(program), **public_values})
    claims = Relations(program, sizes, extender, reader).run()
    opening = Opening(geometry, placement, ordered, witness_root, reader)
    if further is not None:
        claims.append(further.claim)
        opening.virtual = dict(further.cells)
    opening.run(claims)
    reader.finish()


def absorb_statement(
    reader: Reader,
    geometry_bytes: bytes,
    program_bytes: bytes,
    commitments: Sequence[Commitment],
    publics: Sequence[Sequence[int]],
    context: bytes,
) -> None:
    """Everything that is claimed, before the first message of the argument."""
    reader.absorb("geometry", geometry_bytes)
    reader.absorb("program", digest(program_bytes))
    for commitment in commitments:
        reader.absorb("slab", commitment.identity)
    for values in publics:
        absorb_public(reader, values)
    reader.absorb("context", context)


def absorb_public(transcript: Transcript, values: Sequence[int]) -> None:
    """A public tensor's entries; those of a long one by the digests of its blocks."""
    if len(values) <= WHOLE:
        transcript.absorb("public", pack_f(values))
        return
    blocks = [values[at : at + BLOCK] for at in range(0, len(values), BLOCK)]
    digests = [digest_of(domain_tag(PUBLIC_BLOCK, len(block)), pack_f(block)) for block in blocks]
    transcript.absorb("public blocks", b"".join(digests))


def check_publics(program: Program, publics: Sequence[Sequence[int]]) -> dict[int, Sequence[int]]:
    """tensor -> entries. Refuses a wrong number of entries or one outside its interval."""
    tensors = [i for i, t in enumerate(program.tensors) if isinstance(t.place, Public)]
    if len(publics) != len(tensors):
        wanted = f"{len(publics)} public tensors, {len(tensors)} wanted"
        raise Refused("public_shape", "publics", wanted)
    for index, values in zip(tensors, publics, strict=True):
        tensor = program.tensors[index]
        place = f"public {tensor.name}"
        if len(values) != valid_entries(tensor.shape):
            raise Refused("public_shape", place, f"{len(values)} entries")
        if not all(tensor.lo <= x <= tensor.hi for x in values):
            raise Refused("public_interval", place, f"outside [{tensor.lo}, {tensor.hi}]")
    return dict(zip(tensors, publics, strict=True))


def constant_values(program: Program) -> dict[int, Sequence[int]]:
    return {i: t.place.values for i, t in enumerate(program.tensors) if isinstance(t.place, Constant)}
