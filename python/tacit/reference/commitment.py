"""Geometries, headers, commitments and how they fit a program. Docs: protocol.md, section 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import borsh
from .errors import Refused
from .field import K, bits
from .program import Program, SlabLayout, layout, schema
from .sizes import Sizes
from .transcript import BINDING, IDENTITY, digest_of, domain_tag, next_k, unpack_k, words


@dataclass(frozen=True)
class Level:
    fold: int
    log_domain: int
    queries: int


@dataclass(frozen=True)
class Geometry:
    target: int
    log_rows: int
    rows: int
    log_domain: int
    queries: int
    grind: int
    levels: tuple[Level, ...]

    @property
    def data_rows(self) -> int:
        """R."""
        return 1 << self.log_rows

    @property
    def folds(self) -> int:
        """Kf, the fold rounds of all levels."""
        return sum(level.fold for level in self.levels)


@dataclass(frozen=True)
class Header:
    geometry: Geometry
    columns: int
    blinding: int
    budget: int
    max_fold: int
    links: int
    leaf_groups: int
    private: bool
    schema: bytes


@dataclass(frozen=True)
class Commitment:
    header: Header
    root: bytes
    y: bytes

    @property
    def y_value(self) -> K:
        return unpack_k(self.y, "commitment")[0]

    @property
    def identity(self) -> bytes:
        header = HEADER_CODEC.write(self.header)
        return digest_of(domain_tag(IDENTITY), header, self.root, self.y)

    @property
    def binding_scalars(self) -> tuple[K, K]:
        """z and z0, from the header and the root."""
        header = HEADER_CODEC.write(self.header)
        stream = words(digest_of(domain_tag(BINDING), header, self.root))
        return next_k(stream), next_k(stream)


GEOMETRY_CODEC: borsh.Codec[Geometry] = borsh.struct(
    Geometry,
    {
        "target": borsh.U16,
        "log_rows": borsh.U8,
        "rows": borsh.U32,
        "log_domain": borsh.U8,
        "queries": borsh.U16,
        "grind": borsh.U8,
        "levels": borsh.vector(borsh.struct(Level, {"fold": borsh.U8, "log_domain": borsh.U8, "queries": borsh.U16})),
    },
)
HEADER_CODEC: borsh.Codec[Header] = borsh.struct(
    Header,
    {
        "geometry": GEOMETRY_CODEC,
        "columns": borsh.U32,
        "blinding": borsh.U32,
        "budget": borsh.U32,
        "max_fold": borsh.U8,
        "links": borsh.U16,
        "leaf_groups": borsh.U16,
        "private": borsh.BOOL,
        "schema": borsh.fixed(32),
    },
)
COMMITMENT_CODEC: borsh.Codec[Commitment] = borsh.struct(
    Commitment, {"header": HEADER_CODEC, "root": borsh.fixed(32), "y": borsh.fixed(24)}
)


def check_geometry(geometry: Geometry) -> None:
    """Refuses ("geometry") what is not well formed."""

    def require(condition: bool, detail: str) -> None:
        if not condition:
            raise Refused("geometry", "geometry", detail)

    g = geometry
    require(1 <= len(g.levels) <= 8, f"{len(g.levels)} levels")
    require(all(1 <= level.fold <= 8 for level in g.levels), "a fold outside 1..=8")
    require(g.folds <= g.log_rows <= 24, "folds <= log_rows <= 24 does not hold")
    require(g.rows % (1 << g.folds) == 0, "2^folds does not divide the rows")
    require(g.data_rows < g.rows <= 2**26, "R < M <= 2^26 does not hold")
    require(g.log_domain <= 28, "a code longer than 2^28")
    require(2 * g.rows <= 1 << g.log_domain, "a rate above 1/2")
    rows, log = g.rows, g.log_domain
    for level in g.levels:
        rows >>= level.fold
        require(level.log_domain <= log, "a code longer than the one before it")
        log = level.log_domain
        require(2 * rows <= 1 << log, "a rate above 1/2")
    require(rows <= 4096, "more than 4096 entries at the end")
    queries = [g.queries] + [level.queries for level in g.levels]
    require(all(1 <= t <= 1024 for t in queries), "queries outside 1..=1024")
    require(g.grind <= 32, f"{g.grind} bits of grinding")


def blinding_rows(fold: int, queries: int) -> int:
    """Blinding rows that one proof spends of every column, and those of the witness slab: t + 3 (k0 + 1)."""
    return queries + 3 * (fold + 1)


@dataclass(frozen=True)
class SlabPlace:
    """One slab in a proof: its columns among all of them and its cells among its own."""

    name: str
    layout: SlabLayout
    columns: int  # C
    base: int  # its first column
    salted: bool


@dataclass(frozen=True)
class Placement:
    """Where all slabs of a proof lie; the witness slab is the last."""

    slabs: tuple[SlabPlace, ...]
    fold: int  # k0

    @property
    def witness(self) -> SlabPlace:
        return self.slabs[-1]


def blinding_rank(placement: Placement) -> int:
    """Rank-one terms of the blinding form B: k0 + 1."""
    return placement.fold + 1


def order_commitments(program: Program, commitments: Mapping[str, Commitment]) -> list[Commitment]:
    """The commitments in the program's order; Refused("commitments") unless they are exactly its slabs, no two of them one."""
    names = [slab.name for slab in program.slabs]
    missing = [name for name in names if name not in commitments]
    unknown = [name for name in commitments if name not in names]
    if missing or unknown:
        raise Refused("commitments", "commitments", f"missing {missing}, unknown {unknown}")
    identities: dict[bytes, str] = {}
    for name in names:
        other = identities.setdefault(commitments[name].identity, name)
        if other != name:
            raise Refused("commitments", f"commitment {name}", f"that of {other} again")
    return [commitments[name] for name in names]


MAX_COLUMNS = 2**16


def place_slabs(program: Program, sizes: Sizes, geometry: Geometry, links: Sequence[int]) -> Placement:
    """Columns of every slab; links: the link cells of every long-lived one."""
    slabs: list[SlabPlace] = []
    base = 0
    for index, slab in enumerate(program.slabs):
        where = layout(program, index)
        reserved = 3 + 3 * links[index]
        columns = -(-(where.cells + reserved) // geometry.data_rows)
        slabs.append(SlabPlace(slab.name, where, columns, base, slab.private))
        base += columns
    where = layout(program, None)
    columns = -(-(where.cells + 3 * sizes.pads) // geometry.data_rows)
    slabs.append(SlabPlace("witness", where, columns, base, True))
    if base + columns > MAX_COLUMNS:
        raise Refused("geometry", "statement", f"{base + columns} columns, more than 2^16")
    fold = bits(base + columns)
    blinding = blinding_rows(fold, geometry.queries)
    if geometry.data_rows + blinding > geometry.rows:
        raise Refused("geometry", "witness", f"no room for {blinding} blinding rows")
    return Placement(tuple(slabs), fold)


def check_header(program: Program, index: int, header: Header, geometry: Geometry, columns: int, fold: int) -> None:
    """Refuses ("header") a commitment made for another program, geometry or size."""
    slab = program.slabs[index]

    def require(condition: bool, detail: str) -> None:
        if not condition:
            raise Refused("header", f"commitment {slab.name}", detail)

    require(header.geometry == geometry, "another geometry")
    require(header.private == slab.private, "private where it should be public, or the reverse")
    require(header.leaf_groups == 1, f"{header.leaf_groups} leaf groups")
    require(header.schema == schema(program, index), "another schema")
    require(header.columns == columns, f"{header.columns} columns, not {columns}")
    if not header.private:
        require(header.blinding == 0 and header.budget == 0, "blinding of a public slab")
        return
    require(header.budget >= 1, "a budget of no proof")
    require(fold <= header.max_fold <= 16, f"made for {header.max_fold} column rounds, not {fold}")
    spent = header.budget * blinding_rows(header.max_fold, geometry.queries)
    require(header.blinding >= spent, f"{header.blinding} blinding rows, {spent} needed")
    room = geometry.data_rows + header.blinding <= geometry.rows
    require(room, "more rows than the geometry has")
