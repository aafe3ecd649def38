"""The prover's half of docs/protocol/protocol.md, section 6, at toy size. `cheat` replaces single steps, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tacit.reference.commitment import GEOMETRY_CODEC, Geometry, blinding_rank, blinding_rows, place_slabs
from tacit.reference.field import ONE, ZERO, K, add, domain_point, dot, horner, lift, mul, power, sub, total
from tacit.reference.forms import Extender
from tacit.reference.program import Program, encode_program
from tacit.reference.relations import Claim, Relations
from tacit.reference.sizes import Sizes
from tacit.reference.transcript import Reader
from tacit.reference.verify import CellClaim, absorb_statement, check_publics, constant_values

from .commit import Random, Slab, Tree, encode, place_cells, to_columns
from .execute import Execution
from .messages import Writer
from .relations import RelationsProver


@dataclass
class Proof:
    """What a proof is made of; everything but the argument and the publics is for tests."""

    argument: bytes
    publics: list[list[int]]
    claims: list[Claim] = field(default_factory=list)
    witness: Slab | None = None
    messages: list[tuple[str, int, int]] = field(default_factory=list)


class Prover:
    """One proof; the attributes stay for tests to look at."""

    def __init__(
        self,
        program: Program,
        geometry: Geometry,
        slabs: dict[str, Slab],
        run: Execution,
        context: bytes,
        random: Random,
        cheat: dict[str, Callable] | None = None,
        further: CellClaim | None = None,
    ):
        self.further = further
        self.program, self.geometry, self.slabs, self.run = program, geometry, slabs, run
        self.context, self.random, self.cheat = context, random, cheat or {}
        self.sizes = Sizes.of(program)
        self.commitments = {name: slab.commitment for name, slab in slabs.items()}
        self.placement = place_slabs(
            program, self.sizes, geometry, [self.commitments[s.name].header.links for s in program.slabs]
        )
        self.publics = run.publics()

    def hook(self, name: str, value):
        return self.cheat[name](value) if name in self.cheat else value

    def prove(self) -> Proof:
        pads = self.random.fork("pads").k(self.sizes.pads)
        g = self.random.fork("mask").k(self.geometry.rows)
        witness = self.commit_witness(pads, g)
        t = Writer(pads)
        ordered = [self.commitments[s.name] for s in self.program.slabs]
        statement = (
            GEOMETRY_CODEC.write(self.geometry),
            encode_program(self.program),
            ordered,
            self.publics,
            self.context,
        )
        absorb_statement(t, *statement)
        t.message("witness", witness.tree.root)
        state = t.state
        RelationsProver(t, self.program, self.run, self.cheat).prove()
        claims = self.replay(state, bytes(t.argument[32:]), t.state)
        claims += [self.further.claim] if self.further else []
        self.opening(t, claims, [self.slabs[s.name] for s in self.program.slabs] + [witness], g)
        return Proof(bytes(t.argument), self.publics, claims, witness)

    def replay(self, state: bytes, messages: bytes, end: bytes) -> list[Claim]:
        """The verifier on the messages so far: its claims."""
        reader = Reader(messages)
        reader.state = state
        values = {**constant_values(self.program), **check_publics(self.program, self.publics)}
        extender = Extender([x.shape for x in self.program.tensors], values)
        claims = Relations(self.program, self.sizes, extender, reader).run()
        assert reader.state == end
        reader.finish()
        return claims

    def commit_witness(self, pads: list[K], g: list[K]) -> Slab:
        place, geometry = self.placement.witness, self.geometry
        cells = place_cells(self.program, None, self.run.values, place.columns * geometry.data_rows)
        cells[place.layout.cells : place.layout.cells + 3 * len(pads)] = [c for pad in pads for c in pad]
        blinding = blinding_rows(self.placement.fold, geometry.queries)
        columns = to_columns(cells, geometry, blinding, self.random.fork("witness"))
        limbs = [[x[d] for x in g] for d in range(3)]
        codes = [encode(c, geometry.log_domain) for c in columns + limbs]
        codes = self.hook("witness codes", codes)
        tree = Tree(codes, self.random.fork("salts").salts(1 << geometry.log_domain))
        return Slab(columns, tree, cells)

    # ------------------------------------------------------------ opening
    def claim_weights(self, claims: list[Claim], sigma: K) -> list[list[K]]:
        """sum_k sigma^(k+2) form_k as dense weights per slab, cell by cell."""
        rows = self.geometry.data_rows
        weights = [[ZERO] * (s.columns * rows) for s in self.placement.slabs]
        where = {
            tensor: (number, offset)
            for number, slab in enumerate(self.placement.slabs)
            for tensor, offset in slab.layout.offsets.items()
        }
        where |= {number: (0, cell) for number, cell in (self.further.cells.items() if self.further else ())}
        factor = sigma
        for claim in claims:
            factor = mul(factor, sigma)
            for scalar, form in claim.value.forms:
                number, offset = where[form.tensor]
                points = [(offset, mul(factor, scalar))]
                for offsets, group in form.groups:
                    points = [(at + o, mul(w, v)) for at, w in points for o, v in zip(offsets, group, strict=True)]
                for at, w in points:
                    weights[number][at] = add(weights[number][at], w)
            first = self.placement.witness.layout.cells
            for pad, scalar in claim.value.pads.items():
                for d, unit in enumerate((ONE, (0, 1, 0), (0, 0, 1))):
                    at = first + 3 * pad + d
                    weights[-1][at] = add(weights[-1][at], mul(mul(factor, scalar), unit))
        for number, slab in enumerate(self.placement.slabs[:-1]):
            factor = mul(factor, sigma)
            z, z0 = self.commitments[slab.name].binding_scalars
            pad_cell = slab.layout.cells
            for j in range(len(weights[number])):
                w = power(z, j + 1)
                if 0 <= j - pad_cell < 3:
                    w = mul(z0, [ONE, (0, 1, 0), (0, 0, 1)][j - pad_cell])
                weights[number][j] = add(weights[number][j], mul(factor, w))
        return weights

    def opening(self, t: Writer, claims: list[Claim], slabs: list[Slab], g: list[K]) -> None:
        geometry, k0 = self.geometry, self.placement.fold
        rows, m = geometry.data_rows, geometry.rows
        f = [[lift(x) for x in column] for slab in slabs for column in slab.columns]
        f += [[ZERO] * m] * (2**k0 - len(f))
        rank = blinding_rank(self.placement)
        lams, mus = t.challenges("blinding", rank), t.challenges("blinding", rank)
        w = [[ZERO] * m for _ in f]
        for lam, mu in zip(lams, mus, strict=True):
            for c in range(2**k0):
                value = power(lam, c)
                for x in range(rows, m):
                    value = mul(value, mu)
                    w[c][x] = add(w[c][x], value)
        t.clear("S", [self.hook("S", total([dot(a, b) for a, b in zip(f, w, strict=True)]))])
        sigma = t.challenge("collapse")
        w = [[mul(sigma, x) for x in column] for column in w]
        dense = [x for slab in self.claim_weights(claims, sigma) for x in slab]
        for at, x in enumerate(dense):
            c, row = divmod(at, rows)
            w[c][row] = add(w[c][row], x)
        for _ in range(k0):
            s0 = total([dot(a, b) for a, b in zip(f[::2], w[::2], strict=True)])
            s2 = ZERO
            for fa, fb, wa, wb in zip(f[::2], f[1::2], w[::2], w[1::2], strict=True):
                s2 = add(s2, dot(extrapolate(fa, fb), extrapolate(wa, wb)))
            t.clear("columns", [s0, s2])
            r = t.challenge("columns")
            f = [fold(a, b, r) for a, b in zip(f[::2], f[1::2], strict=True)]
            w = [fold(a, b, r) for a, b in zip(w[::2], w[1::2], strict=True)]
        t.clear("mu", [self.hook("mu", dot(g, w[0]))])
        mask = t.challenge("mask")
        h = [add(a, mul(mask, b)) for a, b in zip(g, f[0], strict=True)]
        self.levels(t, [slab.tree for slab in slabs], self.hook("h", h), w[0])

    def levels(self, t: Writer, trees: list[Tree], h: list[K], w: list[K]) -> None:
        geometry = self.geometry
        queries, log = geometry.queries, geometry.log_domain
        for level in geometry.levels:
            width = 2**level.fold
            columns = [[x[d] for x in h[b::width]] for b in range(width) for d in range(3)]
            tree = Tree([encode(c, level.log_domain) for c in columns])
            t.message("root", tree.root)
            zeta = t.challenge("ood")
            t.clear("ood", [self.hook("ood", horner(h, zeta))])
            self.grind(t)
            positions = t.positions("queries", queries, log)
            for each in trees:
                t.message("opening", each.opening(positions))
            xi = t.challenge("batch")
            weight = ONE
            for point in [zeta] + [lift(domain_point(i, log)) for i in positions]:
                weight = mul(weight, xi)
                value = weight
                for i in range(len(h)):
                    w[i] = add(w[i], value)
                    value = mul(value, point)
            for _ in range(level.fold):
                a, b, wa, wb = h[::2], h[1::2], w[::2], w[1::2]
                t.clear("fold", [dot(a, wa), dot(extrapolate(a, b), extrapolate(wa, wb))])
                r = t.challenge("fold")
                h, w = fold(a, b, r), fold(wa, wb, r)
            trees, queries, log = [tree], level.queries, level.log_domain
        t.clear("final", self.hook("final", h))
        self.grind(t)
        t.message("opening", trees[0].opening(t.positions("queries", queries, log)))

    def grind(self, t: Writer) -> None:
        bits_wanted = self.geometry.grind
        if not bits_wanted:
            return
        state, size, nonce = t.state, len(t.argument), 0
        while True:
            t.message("nonce", nonce.to_bytes(8, "big"))
            if int.from_bytes(t.state[:8], "big") % (1 << bits_wanted) == 0 or "grind" in self.cheat:
                return
            t.state, nonce = state, nonce + 1
            del t.argument[size:]


def extrapolate(a: list[K], b: list[K]) -> list[K]:
    """Values at 2 of the lines through a (at 0) and b (at 1)."""
    return [sub(add(y, y), x) for x, y in zip(a, b, strict=True)]


def fold(a: list[K], b: list[K], r: K) -> list[K]:
    return [add(x, mul(sub(y, x), r)) for x, y in zip(a, b, strict=True)]
