"""The prover's messages about relations: lookups, einsums, products. `cheat` replaces single steps, for tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from tacit.reference.field import (
    ONE,
    ZERO,
    K,
    P,
    add,
    bits,
    eq_table,
    inverse,
    inverse_of_two_to,
    lift,
    mul,
    scale,
    sub,
)
from tacit.reference.forms import Extender, known
from tacit.reference.program import Constant, Program, Public, shape_bits
from tacit.reference.relations import Relations
from tacit.reference.sizes import Sizes, einsum_rounds
from tacit.reference.transcript import Reader

from .commit import block
from .execute import Execution
from .messages import Writer, prove_sumcheck

Step = Callable[[K], K]


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
