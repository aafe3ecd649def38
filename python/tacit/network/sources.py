"""Where a task's beacon comes from: what the task says of it, in bytes. `tacit.network.beacon` has what works with them.

A *moment* is a number that names a value before anybody knows it: a drand round, a block's number, or the round of the task.
"""

from __future__ import annotations

from dataclasses import dataclass

from tacit.program.borsh import U16, U32, Enum, Fixed, Int, struct_of


@dataclass(frozen=True)
class Unchained:
    """drand, scheme bls-unchained-g1-rfc9380: signatures in G1, message sha256(round). `genesis`, `period`: seconds."""

    key: bytes
    genesis: int
    period: int


@dataclass(frozen=True)
class Chained:
    """drand, scheme pedersen-bls-chained: signatures in G2, message sha256(previous signature || round)."""

    key: bytes
    genesis: int
    period: int


@dataclass(frozen=True)
class Blocks:
    """The hash of a block of an Ethereum-like chain, `depth` blocks below the head; which chain it is nobody can prove here."""

    chain: int
    depth: int


@dataclass(frozen=True)
class Reveals:
    """Hash chains of the nodes themselves: each registers a head, and opens the next value with every reply."""


Source = Unchained | Chained | Blocks | Reveals

SOURCE = Enum(
    (
        struct_of(Unchained, key=Fixed(96), genesis=Int("<Q"), period=U32),
        struct_of(Chained, key=Fixed(48), genesis=Int("<Q"), period=U32),
        struct_of(Blocks, chain=Int("<Q"), depth=U16),
        struct_of(Reveals),
    )
)

#: drand's network of three seconds, and its first one, of thirty; from its public documentation.
QUICKNET = Unchained(
    bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e6"
        "3aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    1692803367,
    3,
)
MAINNET = Chained(
    bytes.fromhex("868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31"),
    1595431050,
    30,
)
#: The hashes by which their servers know them.
CHAIN_HASHES = {
    QUICKNET: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    MAINNET: "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
}
