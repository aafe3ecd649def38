"""Encoding, trees and slabs, the prover's side."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tacit.reference.commitment import (
    HEADER_CODEC,
    Commitment,
    Geometry,
    Header,
    blinding_rows,
)
from tacit.reference.field import UNITS, K, P, add, bits, mul, root_of_unity, scale
from tacit.reference.links import row_major
from tacit.reference.opening import leaf_digest, node_digest
from tacit.reference.program import Program, Shape, layout, schema
from tacit.reference.transcript import BINDING, digest_of, domain_tag, next_k, words

from .execute import indices


def ntt(a: list[int], w: int) -> list[int]:
    """sum_i a_i w^(i j) for every j."""
    if len(a) == 1:
        return a
    even, odd = ntt(a[::2], w * w % P), ntt(a[1::2], w * w % P)
    half, x = len(a) // 2, 1
    out = [0] * len(a)
    for i in range(half):
        y = x * odd[i] % P
        out[i], out[i + half] = (even[i] + y) % P, (even[i] - y) % P
        x = x * w % P
    return out


def encode(column: list[int], log: int) -> list[int]:
    """Values of the polynomial with these coefficients on the coset 7 <w>."""
    shifted, power = [], 1
    for c in column:
        shifted.append(c * power % P)
        power = power * 7 % P
    return ntt(shifted + [0] * (2**log - len(column)), root_of_unity(log))


class Tree:
    """A Merkle tree over rows of code words; salts or none."""

    def __init__(self, columns: list[list[int]], salts: list[bytes] | None = None):
        self.rows = [b"".join(x.to_bytes(8, "big") for x in row) for row in zip(*columns, strict=True)]
        self.salts = salts if salts is not None else [b""] * len(self.rows)
        self.levels = [[leaf_digest(r, s) for r, s in zip(self.rows, self.salts, strict=True)]]
        while len(self.levels[-1]) > 1:
            low = self.levels[-1]
            self.levels.append([node_digest(low[i], low[i + 1]) for i in range(0, len(low), 2)])
        self.root = self.levels[-1][0]

    def opening(self, positions: list[int]) -> bytes:
        out = b"".join(self.rows[i] + self.salts[i] for i in positions)
        known = set(positions)
        for level in self.levels[:-1]:
            out += b"".join(level[i ^ 1] for i in sorted(known) if i ^ 1 not in known)
            known = {i >> 1 for i in known}
        return out


class Random:
    """A stream of uniform elements from a seed: reproducible vectors, fresh proofs."""

    def __init__(self, seed: bytes | None = None):
        self.seed = os.urandom(32) if seed is None else seed
        self.stream = words(self.seed)

    def f(self, count: int) -> list[int]:
        return [next(self.stream) for _ in range(count)]

    def k(self, count: int) -> list[K]:
        return [next_k(self.stream) for _ in range(count)]

    def salts(self, count: int) -> list[bytes]:
        return [digest_of(self.seed, b"salt", i.to_bytes(8, "big")) for i in range(count)]

    def fork(self, name: str) -> Random:
        return Random(digest_of(self.seed, name.encode()))


def block(shape: Shape, values: list[int]) -> list[int]:
    """Valid entries, row-major, as a padded block; the padding is 0."""
    steps = row_major(shape, lambda n: 1 << bits(n))
    out = [0] * (1 << sum(map(bits, shape)))
    for index, value in zip(indices(shape), values, strict=True):
        out[sum(i * s for i, s in zip(index, steps, strict=True))] = value % P
    return out


@dataclass
class Slab:
    """What an owner keeps: columns (data, blinding, zeros up to M), tree, cells, commitment."""

    columns: list[list[int]]
    tree: Tree
    cells: list[int]
    commitment: Commitment | None = None


def place_cells(program: Program, slab: int | None, values: dict[int, list[int]], size: int) -> list[int]:
    where = layout(program, slab)
    cells = [0] * size
    for tensor in where.order:
        data = block(program.shape_of(tensor), values[tensor])
        at = where.offsets[tensor]
        cells[at : at + len(data)] = data
    return cells


def to_columns(cells: list[int], geometry: Geometry, blinding: int, random: Random) -> list[list[int]]:
    rows = geometry.data_rows
    tail = geometry.rows - rows - blinding
    return [cells[i : i + rows] + random.f(blinding) + [0] * tail for i in range(0, len(cells), rows)]


def commit_slab(
    program: Program,
    index: int,
    values: dict[int, list[int]],
    geometry: Geometry,
    random: Random,
    *,
    budget: int = 1,
    max_fold: int = 8,
    links: int = 0,
    link_values: dict[int, K] | None = None,
    **header_changes,
) -> Slab:
    """A long-lived slab: its columns, tree and commitment."""
    private = program.slabs[index].private
    where = layout(program, index)
    count = -(-(where.cells + 3 + 3 * links) // geometry.data_rows)
    cells = place_cells(program, index, values, count * geometry.data_rows)
    if private:
        reserved = random.f(3 + 3 * links)
        for number, value in (link_values or {}).items():
            reserved[3 + 3 * number : 6 + 3 * number] = value
        cells[where.cells : where.cells + len(reserved)] = reserved
    blinding = budget * blinding_rows(max_fold, geometry.queries) if private else 0
    columns = to_columns(cells, geometry, blinding, random)
    length = 1 << geometry.log_domain
    salts = random.salts(length) if private else None
    tree = Tree([encode(c, geometry.log_domain) for c in columns], salts)
    fields = {
        "geometry": geometry,
        "columns": count,
        "blinding": blinding,
        "budget": budget if private else 0,
        "max_fold": max_fold,
        "links": links,
        "leaf_groups": 1,
        "private": private,
        "schema": schema(program, index),
    }
    header = Header(**{**fields, **header_changes})
    y = binding(header, tree.root, where.cells, cells)
    commitment = Commitment(header, tree.root, b"".join(c.to_bytes(8, "big") for c in y))
    return Slab(columns, tree, cells, commitment)


def binding(header: Header, root: bytes, pad_cell: int, cells: list[int]) -> K:
    stream = words(digest_of(domain_tag(BINDING), HEADER_CODEC.write(header), root))
    z, z0 = next_k(stream), next_k(stream)
    y, power = (0, 0, 0), (1, 0, 0)
    for j, cell in enumerate(cells):
        power = mul(power, z)
        weight = mul(z0, UNITS[j - pad_cell]) if 0 <= j - pad_cell < 3 else power
        y = add(y, scale(weight, cell))
    return y
