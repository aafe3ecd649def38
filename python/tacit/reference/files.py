"""Container files and what a verifier does with them. Docs: protocol.md, section 8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from . import borsh
from .commitment import COMMITMENT_CODEC, GEOMETRY_CODEC, Commitment, Geometry
from .errors import Refused
from .program import NAMED_TENSORS, NamedTensor, decode_program, digest, encode_program, schema_of
from .rotation import ROTATION_CODEC, Rotation, check_rotation
from .transcript import ARCHITECTURE, FILE, digest_of, domain_tag
from .validity import VALIDITY_CONTEXT, valid_validity_program
from .verify import verify

MAGIC, VERSION = b"TACIT\0", 1


class Kind(IntEnum):
    PROGRAM = 1
    WEIGHTS = 2
    COMMITMENT = 3
    SECRET = 4
    PROOF = 5


@dataclass(frozen=True)
class ProgramFile:
    program: bytes
    geometry: Geometry
    proofs: int
    notes: str
    architecture: bytes = b""  # what the program was lowered from, for people and for who lowers it again


@dataclass(frozen=True)
class CommitmentFile:
    slab: str
    tensors: tuple[NamedTensor, ...]
    commitment: Commitment
    validity: bytes
    link: tuple[Commitment, Rotation] | None = None  # the master, and that this one holds the same values


@dataclass(frozen=True)
class ProofFile:
    program: bytes  # its digest
    slabs: tuple[bytes, ...]  # identities of the commitments, in the order of the program
    publics: tuple[tuple[int, ...], ...]
    argument: bytes


PROGRAM_FILE: borsh.Codec[ProgramFile] = borsh.struct(
    ProgramFile,
    {
        "program": borsh.BYTES,
        "geometry": GEOMETRY_CODEC,
        "proofs": borsh.U32,
        "notes": borsh.STRING,
        "architecture": borsh.BYTES,
    },
)
COMMITMENT_FILE: borsh.Codec[CommitmentFile] = borsh.struct(
    CommitmentFile,
    {
        "slab": borsh.STRING,
        "tensors": NAMED_TENSORS,
        "commitment": COMMITMENT_CODEC,
        "validity": borsh.BYTES,
        "link": borsh.option(borsh.pair_of(COMMITMENT_CODEC, ROTATION_CODEC)),
    },
)
PROOF_FILE: borsh.Codec[ProofFile] = borsh.struct(
    ProofFile,
    {
        "program": borsh.fixed(32),
        "slabs": borsh.vector(borsh.fixed(32)),
        "publics": borsh.vector(borsh.vector(borsh.I64)),
        "argument": borsh.BYTES,
    },
)


def wrap(kind: Kind, body: bytes) -> bytes:
    """A file: magic, kind, version, body, checksum."""
    return MAGIC + bytes([kind, VERSION]) + body + digest_of(domain_tag(FILE, kind), body)


def unwrap(kind: Kind, data: bytes) -> bytes:
    """The body of a file of this kind."""
    place = f"{kind.name.lower()} file"
    if len(data) >= 6 and data[:6] != MAGIC:
        raise Refused("magic", place)
    if len(data) < 8:
        raise Refused("truncated", place, f"{len(data)} bytes")
    if data[6] != kind:
        raise Refused("file_kind", place, f"kind {data[6]}")
    if data[7] != VERSION:
        raise Refused("version", place, f"version {data[7]}")
    if len(data) < 8 + 32:
        raise Refused("truncated", place, f"{len(data)} bytes")
    body = data[8:-32]
    if digest_of(domain_tag(FILE, kind), body) != data[-32:]:
        raise Refused("checksum", place)
    return body


def check_commitment_file(file: CommitmentFile, target: int) -> None:
    """The tensors are the header's, and a private slab's validity argument (its own or its master's) verifies."""
    place = f"commitment {file.slab}"
    proven = file.commitment
    if schema_of(file.tensors) != proven.header.schema:
        raise Refused("schema", place, "the tensors are not those of the header")
    if not proven.header.private:
        if file.validity or file.link:
            raise Refused("validity", place, "a public slab with a validity argument or a link")
        return
    if file.link is not None:
        proven, link = file.link
        check_rotation(file.slab, file.tensors, file.commitment, proven, link, target)
    if not file.validity:
        raise Refused("validity", place, "no validity argument")
    program = valid_validity_program(file.slab, file.tensors)
    try:
        verify(
            encode_program(program),
            GEOMETRY_CODEC.write(proven.header.geometry),
            {file.slab: COMMITMENT_CODEC.write(proven)},
            [],
            VALIDITY_CONTEXT,
            file.validity,
            target=target,
        )
    except Refused as refused:
        raise Refused("validity", place, str(refused)) from refused


def verify_files(
    program_file: bytes,
    proof_file: bytes,
    commitment_files: Sequence[bytes] | Mapping[str, bytes],
    context: bytes,
    target: int = 128,
) -> None:
    """Verifies a proof file against the program and commitment files it is for: by the program's slabs, or each for the slab of
    the name that it was made under.

    Checks the validity argument of every private slab as well. A public slab has none: whoever
    relies on it recomputes its commitment from the values.
    """
    program = borsh.decode(PROGRAM_FILE, unwrap(Kind.PROGRAM, program_file), "program file")
    check_architecture(decode_program(program.program).architecture, program.architecture)
    proof = borsh.decode(PROOF_FILE, unwrap(Kind.PROOF, proof_file), "proof file")
    if proof.program != digest(program.program):
        raise Refused("program", "program", f"the proof is of program {proof.program.hex()[:16]}")
    commitments: dict[str, bytes] = {}
    identities: dict[str, bytes] = {}
    given: list[tuple[str | None, bytes]]
    if isinstance(commitment_files, Mapping):
        given = list(commitment_files.items())
    else:
        given = [(None, data) for data in commitment_files]
    for role, data in given:
        body = unwrap(Kind.COMMITMENT, data)
        file = borsh.decode(COMMITMENT_FILE, body, "commitment file")
        slab = file.slab if role is None else role
        if slab in commitments:
            raise Refused("commitments", f"commitment {slab}", "two commitments")
        check_commitment_file(file, target)
        commitments[slab] = COMMITMENT_CODEC.write(file.commitment)
        identities[slab] = file.commitment.identity
    check_slabs(proof, [slab.name for slab in decode_program(program.program).slabs], identities)
    try:
        verify(
            program.program,
            GEOMETRY_CODEC.write(program.geometry),
            commitments,
            proof.publics,
            context,
            proof.argument,
            target=target,
        )
    except Refused as refused:
        if refused.slug != "grinding":
            raise
        # The first check that depends on the whole statement; program and commitments are those that the proof names.
        left = "context or public values" if proof.publics else "context"
        raise Refused("grinding", left, f"bound to another, or changed bytes ({refused.place})") from refused


def check_architecture(digest: bytes, architecture: bytes) -> None:
    """The architecture in the file is the one that the program names, or there is none."""
    found = digest_of(domain_tag(ARCHITECTURE), architecture) if architecture else bytes(32)
    if found != digest:
        raise Refused(
            "architecture", "program file", f"it holds {found.hex()[:16]}, the program names {digest.hex()[:16]}"
        )


def check_slabs(proof: ProofFile, names: Sequence[str], identities: Mapping[str, bytes]) -> None:
    """The proof names the commitments that are given. One that is missing or unknown is left to `verify`."""
    if len(proof.slabs) != len(names):
        raise Refused("commitments", "proof file", f"{len(proof.slabs)} identities, {len(names)} slabs")
    for name, identity in zip(names, proof.slabs, strict=True):
        if identities.get(name, identity) != identity:
            raise Refused(
                "commitments", f"commitment {name}", f"the proof was made with commitment {identity.hex()[:16]}"
            )
