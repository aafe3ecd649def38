"""The prover's half of docs/protocol.md, section 6, at toy size. `cheat` replaces single steps, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from tacit.reference.commitment import GEOMETRY_CODEC, Geometry, blinding_rank, blinding_rows, place_slabs
from tacit.reference.field import (
    ONE,
    ZERO,
    K,
    P,
    add,
    bits,
    domain_point,
    dot,
    eq_table,
    horner,
    inverse,
    inverse_of_two_to,
    lift,
    mul,
    pack_k,
    power,
    scale,
    sub,
    total,
)
from tacit.reference.forms import Extender, known
from tacit.reference.program import Constant, Program, Public, encode_program, layout, shape_bits
from tacit.reference.relations import Claim, Relations
from tacit.reference.sizes import Sizes, einsum_rounds
from tacit.reference.transcript import Reader, Transcript
from tacit.reference.verify import CellClaim, absorb_statement, check_publics, constant_values

from .commit import Random, Slab, Tree, block, encode, place_cells, to_columns
from .execute import Execution

Step = Callable[[K], K]


class Writer(Transcript):
    """A transcript that writes an argument; knows the pads."""

    def __init__(self, pads: list[K]):
        super().__init__()
        self.argument = bytearray()
        self.pads = pads
        self.used = 0

    def message(self, kind: str, data: bytes) -> None:
        self.argument += data
        self.absorb(kind, data)

    def take_pad(self) -> K:
        self.used += 1
        return self.pads[self.used - 1]

    def padded(self, kind: str, values: list[K]) -> None:
        self.message(kind, pack_k([sub(v, self.take_pad()) for v in values]))

    def clear(self, kind: str, values: list[K]) -> None:
        self.message(kind, pack_k(values))


@dataclass
class Proof:
    """What a proof is made of; everything but the argument and the publics is for tests."""

    argument: bytes
    publics: list[list[int]]
    claims: list[Claim] = field(default_factory=list)
    witness: Slab | None = None
    messages: list[tuple[str, int, int]] = field(default_factory=list)


def halves(table: list[K]) -> tuple[list[K], list[K]]:
    middle = len(table) // 2
    return table[:middle], table[middle:]


def fold_front(table: list[K], r: K) -> list[K]:
    return [add(a, mul(sub(b, a), r)) for a, b in zip(*halves(table), strict=True)]


def prove_sumcheck(t: Writer, rounds: int, terms) -> tuple[list[K], list[list[K]]]:
    """terms: [(scalar, tables, g)]: sum over {0,1}^n of scalar g(tables(x)), the front variable first.

    A table of 2^m entries reads the last m variables only; the caller scales for the others.
    """
    point: list[K] = []
    for i in range(rounds):
        message = [ZERO, ZERO, ZERO]
        for scalar, tables, g in terms:
            m = bits(len(tables[0]))
            if m < rounds - i:
                value = total([g(*row) for row in zip(*tables, strict=True)])
                value = mul(scale(scalar, 2 ** (rounds - i - 1 - m)), value)
                message = [add(x, value) for x in message]
                continue
            for j, x in enumerate((0, 2, 3)):
                at = [[add(a, scale(sub(b, a), x)) for a, b in zip(*halves(tab), strict=True)] for tab in tables]
                value = total([g(*row) for row in zip(*at, strict=True)])
                message[j] = add(message[j], mul(scalar, value))
        t.padded("round", message)
        r = t.challenge("round")
        point.append(r)
        terms = [
            (s, [fold_front(tab, r) for tab in tabs] if bits(len(tabs[0])) == rounds - i else tabs, g)
            for s, tabs, g in terms
        ]
    return point, [[tab[0] for tab in tabs] for _, tabs, _ in terms]


class RelationsProver:
    """Messages from the witness root to the products."""

    def __init__(self, t: Writer, program: Program, run: Execution, cheat: dict[str, Step]):
        self.t, self.program, self.run, self.cheat = t, program, run, cheat
        self.sizes = Sizes.of(program)
        self.triples: list[tuple[K, K, K]] = []

    def hook(self, name: str, value: K) -> K:
        return self.cheat[name](value) if name in self.cheat else value

    def triple(self, a: K, b: K) -> K:
        product = self.hook(f"product {len(self.triples)}", mul(a, b))
        self.triples.append((a, b, product))
        return product

    def prove(self) -> None:
        point = self.logup() if self.program.lookups else []
        self.r = self.t.challenges("arity", self.sizes.arity - self.sizes.depth) + point
        self.gamma = self.t.challenge("gamma")
        if self.program.einsums:
            self.einsums()
        self.products()

    def leaves(self) -> tuple[list[K], list[K]]:
        p, q = [ZERO] * 2**self.sizes.depth, [ONE] * 2**self.sizes.depth
        beta2 = mul(self.beta, self.beta)

        def fingerprint(tag: int, i: int, o: int) -> K:
            value = sub(sub(self.alpha, lift(tag)), scale(self.beta, i))
            return sub(value, scale(beta2, o))

        for b in self.sizes.blocks:
            places = range(b.offset, b.offset + 2**b.bits)
            for i in places:
                p[i], q[i] = (ZERO if b.is_table else ONE), self.alpha
            if b.is_table:
                table = self.program.tables[b.index]
                counts = self.run.values[len(self.program.tensors) + b.index]
                for i, count, x, y in zip(places, counts, table.ins, table.outs, strict=False):
                    p[i], q[i] = lift(-count), fingerprint(b.index + 1, x, y)
                continue
            lookup = self.program.lookups[b.index]
            inverse_power = inverse_of_two_to(lookup.shift)
            ins = self.run.expr(lookup.input, lookup.shape)
            outs = self.run.expr(lookup.output, lookup.shape)
            valid = block(lookup.shape, [1] * len(ins))
            ins, outs = block(lookup.shape, ins), block(lookup.shape, outs)
            for i, ok, x, y in zip(places, valid, ins, outs, strict=True):
                if ok:
                    q[i] = fingerprint(lookup.table + 1, x * inverse_power % P, y)
        return p, q

    def logup(self) -> list[K]:
        t = self.t
        self.alpha, self.beta = t.challenge("alpha"), t.challenge("beta")
        layers = [self.leaves()]
        while len(layers[0][0]) > 1:
            p, q = layers[0]
            up = [add(mul(a, d), mul(b, c)) for a, b, c, d in zip(p[::2], p[1::2], q[::2], q[1::2], strict=True)]
            layers.insert(0, (up, [mul(c, d) for c, d in zip(q[::2], q[1::2], strict=True)]))
        root = layers[0][1][0]
        root_inverse = self.hook("inverse", inverse(root))
        t.padded("root", [root, root_inverse])
        self.triples.append((root, root_inverse, ONE))
        r: list[K] = []
        for p, q in layers[1:]:
            lam = t.challenge("lambda")

            def g(e: K, p0: K, p1: K, q0: K, q1: K, lam: K = lam) -> K:
                return mul(e, add(add(mul(p0, q1), mul(p1, q0)), mul(lam, mul(q0, q1))))

            tables = [eq_table(r), p[::2], p[1::2], q[::2], q[1::2]]
            point, [(_, p0, p1, q0, q1)] = prove_sumcheck(t, len(r), [(ONE, tables, g)])
            products = [self.triple(a, b) for a, b in ((p0, q1), (p1, q0), (q0, q1))]
            t.padded("ends", [p0, p1, q0, q1, *products])
            r = [*point, t.challenge("descend")]
        return r

    # ------------------------------------------------------------ einsums
    def output_weights(self) -> dict[int, K]:
        """w_e, from the verifier's own definition of D."""
        relations = Relations(
            self.program,
            self.sizes,
            Extender([x.shape for x in self.program.tensors], self.run.values),
            Reader(b""),
        )
        relations.r = self.r
        if self.program.lookups:
            relations.alpha, relations.beta = self.alpha, self.beta
        relations.reader.challenge = lambda kind: self.gamma  # gamma was drawn already
        return relations.common_point(known(ZERO), known(ZERO)).einsums

    def einsums(self) -> None:
        program, n = self.program, self.sizes.rounds
        weights = self.output_weights()
        terms = []
        for index, e in enumerate(program.einsums):
            out = self.r[len(self.r) - shape_bits(e.out_shape) :]
            coordinates, at = {}, 0
            for label in e.out_axes:
                width = bits(e.extents[label])
                coordinates[label] = out[at : at + width]
                at += width
            inner = e.batch + e.contraction
            batch = eq_table([x for label in e.batch for x in coordinates[label]])
            repeat = 2 ** shape_bits(e.shape_of(e.contraction))
            tables = [[x for x in batch for _ in range(repeat)]]
            for axes, expr in ((e.a_axes, e.a), (e.b_axes, e.b)):
                tables.append(self.folded(e, axes, inner, self.run.expr(expr, e.shape_of(axes)), coordinates))
            scalar = scale(weights.get(index, ZERO), inverse_of_two_to(n - einsum_rounds(e)))
            terms.append((scalar, tables, lambda x, a, b: mul(x, mul(a, b))))
        _, ends = prove_sumcheck(self.t, n, terms)
        for e, count, (_, a, b) in zip(program.einsums, self.sizes.ends, ends, strict=True):
            if count >= 2:
                product = self.triple(a, b)
                self.t.padded("ends", [a, product] if count == 2 else [a, b, product])
            elif count == 1:
                public_a = all(i.source.index in self.public_tensors() for i in e.a.terms)
                self.t.padded("ends", [b if public_a else a])

    def public_tensors(self) -> set[int]:
        return {i for i, t in enumerate(self.program.tensors) if isinstance(t.place, Public | Constant)}

    def folded(self, e, axes, inner, values, coordinates) -> list[K]:
        """sum over the operand's free labels of eq(r_free, .) operand, over batch then contraction."""
        free = [x for x in axes if x not in inner]
        shape = e.shape_of(axes)
        weights = {label: eq_table(coordinates[label]) for label in free}
        steps, at = {}, 1
        for label in reversed(inner):
            steps[label] = at
            at <<= bits(e.extents[label])
        out = [ZERO] * at
        for value, index in zip(values, product(*map(range, shape)), strict=True):
            where = dict(zip(axes, index, strict=True))
            w = lift(value)
            for label in free:
                w = mul(w, weights[label][where[label]])
            place = sum(steps[label] * where[label] for label in inner)
            out[place] = add(out[place], w)
        return out

    # ------------------------------------------------------------ products
    def products(self) -> None:
        t = self.t
        rho1, rho2, rho3 = (t.take_pad() for _ in range(3))
        self.triples += [(rho1, ZERO, ZERO), (ZERO, rho2, ZERO), (rho3, ONE, rho3)]
        z = self.sizes.product_rounds
        self.triples += [(ZERO, ZERO, ZERO)] * (2**z - len(self.triples))
        tau = t.challenges("tau", z)
        tables = [eq_table(tau), *map(list, zip(*self.triples, strict=True))]
        _, [ends] = prove_sumcheck(t, z, [(ONE, tables, lambda e, a, b, c: mul(e, sub(mul(a, b), c)))])
        t.clear("products", [self.hook("products", v) for v in ends[1:]])


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


def audit_values(claims: list[Claim], program: Program, cells: dict[int | None, list[int]]) -> dict[str, K]:
    """With the secrets in hand: place -> the value of each claim, 0 where it is true. cells: slab (None: witness) -> cells."""
    where = {}
    for slab in cells:
        for tensor, offset in layout(program, slab).offsets.items():
            where[tensor] = (slab, offset)
    lifted = {slab: [lift(x) for x in own] for slab, own in cells.items()}
    first = layout(program, None).cells
    found = {}
    for claim in claims:
        value = claim.value.constant
        for scalar, form in claim.value.forms:
            slab, offset = where[form.tensor]
            value = add(value, mul(scalar, form.apply(lifted[slab], offset)))
        for pad, scalar in claim.value.pads.items():
            a, b, c = cells[None][first + 3 * pad : first + 3 * pad + 3]
            value = add(value, mul(scalar, (a, b, c)))
        found[claim.place] = value
    return found


def audit(claims: list[Claim], program: Program, cells: dict[int | None, list[int]]) -> list[str]:
    """The places of the claims that are false."""
    return [place for place, value in audit_values(claims, program, cells).items() if value != ZERO]
