"""Sizes that the program alone decides, none of them read from a proof. Docs: protocol.md, 5."""

from __future__ import annotations

from dataclasses import dataclass

from .field import bits
from .program import Constant, Einsum, Expr, OfTensor, Program, Public, shape_bits, valid_entries


@dataclass(frozen=True)
class Block:
    """2^bits leaves of the LogUp tree from `offset` on: a lookup's or a table's."""

    is_table: bool
    index: int
    offset: int
    bits: int


def is_public(program: Program, operand: Expr) -> bool:
    """Whether all sources of an einsum's operand are constant or public tensors."""
    return all(
        isinstance(term.source, OfTensor) and isinstance(program.tensors[term.source.index].place, Constant | Public)
        for term in operand.terms
    )


def end_count(program: Program, einsum: Einsum) -> int:
    """How many values an einsum's sumcheck ends in: 0 to 3, two or three for a product."""
    a, b = is_public(program, einsum.a), is_public(program, einsum.b)
    if a or b:
        return 0 if a and b else 1
    return 2 if einsum.same else 3


def einsum_rounds(einsum: Einsum) -> int:
    return shape_bits(einsum.shape_of(einsum.batch + einsum.contraction))


@dataclass(frozen=True)
class Sizes:
    blocks: tuple[Block, ...]
    depth: int  # d, of the LogUp tree
    arity: int  # of the common point r
    rounds: int  # n, of the einsum sumcheck
    ends: tuple[int, ...]  # an einsum's messages
    triples: int  # before padding to 2^product_rounds
    product_rounds: int  # z
    pads: int
    padding_leaves: int  # N_pad: invalid indices in lookup blocks

    @classmethod
    def of(cls, program: Program) -> Sizes:
        items = [(False, i, shape_bits(x.shape)) for i, x in enumerate(program.lookups)]
        items += [(True, i, bits(table.rows)) for i, table in enumerate(program.tables)]
        items.sort(key=lambda item: -item[2])  # stable
        blocks: list[Block] = []
        leaves = 0
        for is_table, index, size in items:
            blocks.append(Block(is_table, index, leaves, size))
            leaves += 1 << size
        depth = bits(leaves) if leaves else 0
        arity = max(
            [depth]
            + [shape_bits(zero.shape) for zero in program.zeros]
            + [shape_bits(einsum.out_shape) for einsum in program.einsums]
        )
        rounds = max((einsum_rounds(einsum) for einsum in program.einsums), default=0)
        ends = tuple(end_count(program, einsum) for einsum in program.einsums)
        triples = sum(count >= 2 for count in ends) + 3
        pads = 3 * rounds + sum(ends) + 3
        if program.lookups:
            triples += 1 + 3 * depth
            pads += 2 + 3 * depth * (depth - 1) // 2 + 7 * depth
        padding = sum((1 << shape_bits(x.shape)) - valid_entries(x.shape) for x in program.lookups)
        z = bits(triples)
        return cls(tuple(blocks), depth, arity, rounds, ends, triples, z, pads + 3 * z, padding)
