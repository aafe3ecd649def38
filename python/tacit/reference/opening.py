"""The opening: all claims become one, then the fold, then later codes. Docs: protocol.md, 4 and 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .commitment import Commitment, Geometry, Placement, SlabPlace, blinding_rank
from .errors import Refused
from .field import (
    ONE,
    UNITS,
    ZERO,
    K,
    add,
    domain_point,
    dot,
    eq_low_table,
    horner,
    lift,
    mul,
    one_minus,
    power,
    quadratic,
    sub,
)
from .relations import Claim
from .transcript import LEAF, NODE, Reader, digest_of, domain_tag, unpack_f

Answers: TypeAlias = Callable[[Sequence[int], int], list[K]]  # (positions, log of the domain)


# ---------------------------------------------------------------- trees
def leaf_digest(row: bytes, salt: bytes) -> bytes:
    return digest_of(domain_tag(LEAF, len(row) // 8), salt, row)


def node_digest(left: bytes, right: bytes) -> bytes:
    return digest_of(domain_tag(NODE, 0), left, right)


def siblings_needed(positions: Sequence[int], log: int) -> int:
    """Digests in a multi-opening: one for every known index whose sibling is not known."""
    count, known = 0, set(positions)
    for _ in range(log):
        count += sum(1 for i in known if i ^ 1 not in known)
        known = {i >> 1 for i in known}
    return count


@dataclass(frozen=True)
class Code:
    """A committed code word that will be queried: its tree's root, the width of a row, its salts."""

    place: str
    root: bytes
    width: int
    salted: bool


def open_rows(reader: Reader, code: Code, positions: Sequence[int], log: int) -> list[list[int]]:
    """Reads one multi-opening and checks it against the root; the rows at the positions."""
    row_size, salt_size = 8 * code.width, 32 if code.salted else 0
    leaf_size = row_size + salt_size
    leaves = leaf_size * len(positions)
    data = reader.message("opening", leaves + 32 * siblings_needed(positions, log))
    rows: list[list[int]] = []
    known: dict[int, bytes] = {}
    for number, position in enumerate(positions):
        leaf = data[number * leaf_size : (number + 1) * leaf_size]
        row, salt = leaf[:row_size], leaf[row_size:]
        rows.append(unpack_f(row, code.place))
        known[position] = leaf_digest(row, salt)
    at = leaves
    for _ in range(log):
        for i in sorted(known):
            if i ^ 1 not in known:
                known[i ^ 1] = data[at : at + 32]
                at += 32
        known = {i >> 1: node_digest(known[i], known[i ^ 1]) for i in known if not i & 1}
    if known[0] != code.root:
        raise Refused("merkle", code.place)
    return rows


# ---------------------------------------------------------------- the single claim <h, W> = A
@dataclass
class Geometric:
    """Weights scalar * base^(i - first) for i >= first, 0 before: they fold in closed form."""

    scalar: K
    base: K
    first: int

    def fold(self, r: K) -> None:
        """Entries 2i and 2i+1 fold to one; `first` is even as long as it is folded."""
        self.scalar = mul(self.scalar, add(one_minus(r), mul(r, self.base)))
        self.base = mul(self.base, self.base)
        self.first //= 2

    def value(self, vector: Sequence[K]) -> K:
        return mul(self.scalar, horner(vector[self.first :], self.base))


class Opening:
    """Reads the opening of all slabs and decides the claims."""

    def __init__(
        self,
        geometry: Geometry,
        placement: Placement,
        commitments: Sequence[Commitment],
        witness_root: bytes,
        reader: Reader,
    ) -> None:
        self.geometry = geometry
        self.placement = placement
        self.commitments = commitments
        self.reader = reader
        roots = [c.root for c in commitments] + [witness_root]
        self.codes = [
            Code(slab.name, root, slab.columns + 3 * (slab is placement.witness), slab.salted)
            for slab, root in zip(placement.slabs, roots, strict=True)
        ]
        self.geometric: list[Geometric] = []
        self.folds: list[K] = []
        self.virtual: dict[int, int] = {}  # further blocks of the first slab that forms may name: number -> first cell
        self.value = ZERO  # A, the claimed <h, W> as the rounds go on

    def run(self, claims: Sequence[Claim]) -> None:
        """Refuses unless the committed cells satisfy all claims, y's included."""
        reader = self.reader
        rank = blinding_rank(self.placement)
        lams, mus = reader.challenges("blinding", rank), reader.challenges("blinding", rank)
        blinding_sum = reader.clear("S", 1)[0]
        self.sigma = reader.challenge("collapse")
        self.collapse(claims, blinding_sum)
        self.fold_columns()
        for lam, mu in zip(lams, mus, strict=True):
            # sum_c eq_low(rho, c) lam^c = prod_i (1 - rho_i + rho_i lam^(2^i))
            weight = self.sigma
            for rho in self.rho:
                weight = mul(weight, add(one_minus(rho), mul(rho, lam)))
                lam = mul(lam, lam)
            self.geometric.append(Geometric(mul(weight, mu), mu, self.geometry.data_rows))
        mask_sum = reader.clear("mu", 1)[0]
        self.mask = reader.challenge("mask")
        self.value = add(mask_sum, mul(self.mask, self.value))
        # <g, W'> + mask <f', W'>: W' is the same for both, so only the value changes
        final = self.levels()
        self.check_final(claims, final)

    def collapse(self, claims: Sequence[Claim], blinding_sum: K) -> None:
        """A = sigma S - sum_k sigma^(k+2) const_k, the slabs' y claims after all others."""
        constants = [claim.value.constant for claim in claims]
        constants += [sub(ZERO, commitment.y_value) for commitment in self.commitments]
        value = mul(self.sigma, blinding_sum)
        weight = self.sigma
        for constant in constants:
            weight = mul(weight, self.sigma)
            value = sub(value, mul(weight, constant))
        self.value = value

    def quadratic_round(self, kind: str) -> K:
        s0, s2 = self.reader.clear(kind, 2)
        r = self.reader.challenge(kind)
        self.value = quadratic(s0, sub(self.value, s0), s2, r)
        return r

    def fold_columns(self) -> None:
        self.rho = [self.quadratic_round("columns") for _ in range(self.placement.fold)]
        self.column_weights = eq_low_table(self.rho)

    # ------------------------------------------------------------ codes
    def levels(self) -> Sequence[K]:
        """All later codes, their queries and folds; returns the vector sent at the end."""
        reader, geometry = self.reader, self.geometry
        answer: Answers = self.slab_answers
        queries, log = geometry.queries, geometry.log_domain
        for number, level in enumerate(geometry.levels):
            place = f"level {number + 1}"
            root = reader.message("root", 32)
            zeta = reader.challenge("ood")
            values = reader.clear("ood", 1)
            self.check_grinding(place)
            positions = reader.positions("queries", queries, log)
            values += answer(positions, log)
            points = [zeta] + [lift(domain_point(i, log)) for i in positions]
            xi = reader.challenge("batch")
            weight = ONE
            for value, point in zip(values, points, strict=True):
                weight = mul(weight, xi)
                self.value = add(self.value, mul(weight, value))
                self.geometric.append(Geometric(weight, point, 0))
            low = [self.fold_round() for _ in range(level.fold)]
            answer = self.level_answers(Code(place, root, 3 << level.fold, False), low)
            queries, log = level.queries, level.log_domain
        final = reader.clear("final", geometry.rows >> geometry.folds)
        self.check_grinding("final")
        positions = reader.positions("queries", queries, log)
        for position, value in zip(positions, answer(positions, log), strict=True):
            if horner(final, lift(domain_point(position, log))) != value:
                raise Refused("last_query", "final", f"position {position}")
        return final

    def fold_round(self) -> K:
        r = self.quadratic_round("fold")
        self.folds.append(r)
        for term in self.geometric:
            term.fold(r)
        return r

    def check_grinding(self, place: str) -> None:
        bits = self.geometry.grind
        if bits:
            self.reader.message("nonce", 8)
            if int.from_bytes(self.reader.state[:8], "big") % (1 << bits):
                raise Refused("grinding", place)

    def slab_answers(self, positions: Sequence[int], log: int) -> list[K]:
        """h(x) = g(x) + c_m sum over columns of eq_low(rho, column) row_column."""
        answers = [ZERO] * len(positions)
        for slab, code in zip(self.placement.slabs, self.codes, strict=True):
            rows = open_rows(self.reader, code, positions, log)
            weights = self.column_weights[slab.base : slab.base + slab.columns]
            weights = [mul(self.mask, w) for w in weights]
            for number, row in enumerate(rows):
                for w, x in zip(weights, row[: slab.columns], strict=True):
                    term = (w[0] * x, w[1] * x, w[2] * x)
                    answers[number] = add(answers[number], term)
                if slab is self.placement.witness:
                    g0, g1, g2 = row[slab.columns :]
                    answers[number] = add(answers[number], (g0, g1, g2))
        return answers

    def level_answers(self, code: Code, low: Sequence[K]) -> Answers:
        """sum_b eq_low(low, b) row_b of a later code."""
        weights = eq_low_table(low)

        def answers(positions: Sequence[int], log: int) -> list[K]:
            out: list[K] = []
            for row in open_rows(self.reader, code, positions, log):
                entries = [(row[i], row[i + 1], row[i + 2]) for i in range(0, len(row), 3)]
                out.append(dot(weights, entries))
            return out

        return answers

    # ------------------------------------------------------------ the end
    def check_final(self, claims: Sequence[Claim], final: Sequence[K]) -> None:
        """sum_i final_i W'_i = A.

        <final, fold of W> is W applied to the vector E that unfolds final: the cell of column c,
        row x has E = eq_low(rho, c) eq_low(folds, x mod 2^Kf) final[x >> Kf].
        """
        kf = self.geometry.folds
        low = eq_low_table(self.folds)
        rows = [mul(low[x & ((1 << kf) - 1)], final[x >> kf]) for x in range(self.geometry.data_rows)]
        cells = [self.unfold(slab, rows) for slab in self.placement.slabs]
        by_tensor = self.tensor_cells(cells)
        value = ZERO
        weight = self.sigma
        for claim in claims:
            weight = mul(weight, self.sigma)
            value = add(value, mul(weight, self.form_value(claim, by_tensor, cells[-1])))
        long_lived = zip(self.placement.slabs[:-1], self.commitments, cells[:-1], strict=True)
        for slab, commitment, own in long_lived:
            weight = mul(weight, self.sigma)
            value = add(value, mul(weight, binding_value(slab, commitment, own)))
        for term in self.geometric:
            value = add(value, term.value(final))
        if value != self.value:
            raise Refused("final_claim", "opening")

    def unfold(self, slab: SlabPlace, rows: Sequence[K]) -> list[K]:
        weights = self.column_weights[slab.base : slab.base + slab.columns]
        return [mul(w, row) for w in weights for row in rows]

    def tensor_cells(self, cells: Sequence[list[K]]) -> dict[int, tuple[list[K], int]]:
        """tensor (or virtual block) -> (the cells of its slab, its first cell)."""
        out: dict[int, tuple[list[K], int]] = {}
        for slab, own in zip(self.placement.slabs, cells, strict=True):
            for tensor, offset in slab.layout.offsets.items():
                out[tensor] = (own, offset)
        for number, offset in self.virtual.items():
            out[number] = (cells[0], offset)
        return out

    def form_value(self, claim: Claim, by_tensor: dict[int, tuple[list[K], int]], witness: Sequence[K]) -> K:
        """The claim's linear form, applied to the unfolded vector."""
        value = ZERO
        for scalar, form in claim.value.forms:
            cells, start = by_tensor[form.tensor]
            value = add(value, mul(scalar, form.apply(cells, start)))
        first = self.placement.witness.layout.cells
        for number, scalar in claim.value.pads.items():
            at = first + 3 * number
            cell = dot(UNITS, witness[at : at + 3])
            value = add(value, mul(scalar, cell))
        return value


def binding_value(slab: SlabPlace, commitment: Commitment, cells: Sequence[K]) -> K:
    """sum_j w_j E_j with w_j = z^(j+1), the y pad's three cells weighing z0, z0 u, z0 u^2."""
    z, z0 = commitment.binding_scalars
    value = mul(z, horner(cells, z))
    first = slab.layout.cells
    for limb in range(3):
        at = first + limb
        weight = sub(mul(z0, UNITS[limb]), power(z, at + 1))
        value = add(value, mul(weight, cells[at]))
    return value
