"""Proof files with something changed in them and the file's checksum made right again (docs/protocol/protocol.md, section 8).

With a wrong checksum a file is refused before its proof is looked at. A forger knows how to compute one.
"""

from __future__ import annotations

import struct

from tacit import Commitment, Program, hashing

#: "TACIT", 0, kind, version 1
HEADER = 8
KIND_PROOF = 5
DIGEST = 32


def checksum(body: bytes, kind: int = KIND_PROOF) -> bytes:
    """H(T(10, kind) || body)."""
    return hashing.digest(hashing.tag(10, kind), body)


def changed_byte(proof: bytes, *, back: int = 2000) -> bytes:
    """The file with one bit of its argument changed, `back` bytes before the argument's end."""
    body = bytearray(proof[HEADER:-DIGEST])
    body[-back] ^= 1
    return proof[:HEADER] + bytes(body) + checksum(bytes(body))


def changed_answer(proof: bytes, answer: int) -> bytes:
    """The file with another first public integer; all else stays. Body: program digest, identities, publics, argument."""
    body = bytearray(proof[HEADER:-DIGEST])
    (named,) = struct.unpack_from("<I", body, DIGEST)
    publics = DIGEST + 4 + named * DIGEST
    tensors, entries = struct.unpack_from("<II", body, publics)
    if tensors < 1 or entries < 1:
        raise ValueError("the proof has no public integer")
    struct.pack_into("<q", body, publics + 8, answer)
    return proof[:HEADER] + bytes(body) + checksum(bytes(body))


def renamed(proof: bytes, program: Program, *commitments: Commitment) -> bytes:
    """The file under the names of another program or other commitments (in the program's order): anybody can write them."""
    body = bytearray(proof[HEADER:-DIGEST])
    body[:DIGEST] = bytes.fromhex(program.digest)
    names = b"".join(bytes.fromhex(commitment.identity) for commitment in commitments)
    body[DIGEST + 4 : DIGEST + 4 + len(names)] = names
    return proof[:HEADER] + bytes(body) + checksum(bytes(body))
