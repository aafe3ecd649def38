"""From the argument's messages to claims: LogUp, zeros, einsums, products. Docs: protocol.md, 6.

A claim is an affine value that must be 0. Nothing is decided here; the opening decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import Refused
from .field import (
    ONE,
    ZERO,
    K,
    add,
    cubic_basis,
    dot_integers,
    eq,
    eq_bits,
    eq_table,
    inverse,
    inverse_of_two_to,
    mul,
    neg,
    one_minus,
    scale,
    sub,
    total,
)
from .forms import Affine, Extender, Extension, Form, known, pad, split
from .program import Einsum, Expr, Program, Shape, shape_bits
from .sizes import Block, Sizes, einsum_rounds, is_public
from .transcript import Reader

Triple = tuple[Affine, Affine, Affine]


@dataclass(frozen=True)
class Claim:
    """An affine value that must be 0, and what it says."""

    place: str
    value: Affine


class Relations:
    """The verifier's half of section 6, from the witness commitment to the products."""

    def __init__(
        self,
        program: Program,
        sizes: Sizes,
        extender: Extender,
        reader: Reader,
    ) -> None:
        self.program = program
        self.sizes = sizes
        self.extender = extender
        self.reader = reader
        self.pads_used = 0
        self.claims: list[Claim] = []
        self.triples: list[Triple] = []
        self.alpha = self.beta = ZERO

    def run(self) -> list[Claim]:
        numerator, denominator, point = self.logup()
        drawn = self.reader.challenges("arity", self.sizes.arity - self.sizes.depth)
        self.r = drawn + point
        difference = self.common_point(numerator, denominator)
        self.einsums(difference)
        self.products()
        assert self.pads_used == self.sizes.pads
        return self.claims

    # ------------------------------------------------------------ messages
    def take_pad(self) -> Affine:
        self.pads_used += 1
        return pad(self.pads_used - 1)

    def padded(self, kind: str, count: int) -> list[Affine]:
        """The values behind one padded message: sent + pad."""
        return [self.take_pad().plus(sent) for sent in self.reader.clear(kind, count)]

    def claim(self, place: str, value: Affine) -> None:
        self.claims.append(Claim(place, value))

    def sumcheck(self, rounds: int, claim: Affine) -> tuple[list[K], Affine]:
        """s(0), s(2), s(3) are sent, s(1) = claim - s(0); the next claim is s at the challenge."""
        point: list[K] = []
        for _ in range(rounds):
            s0, s2, s3 = self.padded("round", 3)
            rho = self.reader.challenge("round")
            l0, l1, l2, l3 = cubic_basis(rho)
            claim = s0.times(sub(l0, l1)) + claim.times(l1) + s2.times(l2) + s3.times(l3)
            point.append(rho)
        return point, claim

    # ------------------------------------------------------------ LogUp
    def logup(self) -> tuple[Affine, Affine, list[K]]:
        """The tree of fractions, from the root down: claims on both columns of leaves at a point.

        layer j: P + lambda Q = sum_x eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1)(x)
        """
        if not self.program.lookups:
            return known(ZERO), known(ZERO), []
        self.alpha, self.beta = self.reader.challenge("alpha"), self.reader.challenge("beta")
        if self.alpha == ZERO:
            raise Refused("alpha", "logup", "the challenge is 0")
        q, root_inverse = self.padded("root", 2)
        self.triples.append((q, root_inverse, known(ONE)))  # so Q is not 0
        p = q.times(scale(inverse(self.alpha), self.sizes.padding_leaves))
        r: list[K] = []
        for layer in range(self.sizes.depth):
            lam = self.reader.challenge("lambda")
            point, claim = self.sumcheck(layer, p + q.times(lam))
            p0, p1, q0, q1, u0, u1, u2 = self.padded("ends", 7)
            self.triples += [(p0, q1, u0), (p1, q0, u1), (q0, q1, u2)]
            combined = (u0 + u1 + u2.times(lam)).times(eq(r, point))
            self.claim(f"logup layer {layer}", claim - combined)
            s = self.reader.challenge("descend")
            p = p0 + (p1 - p0).times(s)
            q = q0 + (q1 - q0).times(s)
            r = [*point, s]
        return p, q, r

    def at(self, shape: Shape) -> list[Sequence[K]]:
        """Coordinates per axis of a relation over this shape: the last of the common point."""
        return split(shape, self.r[len(self.r) - shape_bits(shape) :])

    def extend(self, expr: Expr, shape: Shape) -> Extension:
        return self.extender.extend(expr, shape, self.at(shape))

    def common_point(self, numerator: Affine, denominator: Affine) -> Extension:
        """Claims the numerators; returns D = Q~ + Z - Q, einsum outputs still unknown in it."""
        gamma = self.reader.challenge("gamma")
        difference = Extension()
        if self.program.lookups:
            p, difference = self.leaves()
            self.claim("logup numerators", p - numerator)
            difference.value = difference.value - denominator
        weight = ONE
        for zero in self.program.zeros:
            weight = mul(weight, gamma)
            difference.accumulate(self.extend(zero.expr, zero.shape), weight)
        return difference

    def leaves(self) -> tuple[Affine, Extension]:
        """P~ and Q~: the extensions of the leaves' numerators and denominators at r."""
        p, q = Affine(), Extension()
        covered = ZERO
        tail = self.r[len(self.r) - self.sizes.depth :]
        for block in self.sizes.blocks:
            e = eq_bits(block.offset >> block.bits, tail[: self.sizes.depth - block.bits])
            covered = add(covered, e)
            if block.is_table:
                part, multiplicities = self.table_leaves(block)
                p = p - multiplicities.times(e)
            else:
                part = self.lookup_leaves(block)
                p = p.plus(e)
            q.accumulate(part, e)
        q.value = q.value.plus(one_minus(covered))
        return p, q

    def lookup_leaves(self, block: Block) -> Extension:
        """alpha - tag V - beta in - beta^2 out of a lookup."""
        lookup = self.program.lookups[block.index]
        everything = self.extend(Expr(1, ()), lookup.shape).value.constant  # V
        out = Extension(known(sub(self.alpha, scale(everything, lookup.table + 1))))
        by_input = scale(self.beta, -inverse_of_two_to(lookup.shift))
        out.accumulate(self.extend(lookup.input, lookup.shape), by_input)
        by_output = neg(mul(self.beta, self.beta))
        out.accumulate(self.extend(lookup.output, lookup.shape), by_output)
        return out

    def table_leaves(self, block: Block) -> tuple[Extension, Affine]:
        """The same of a table's rows, and the form of its multiplicities at the point."""
        table = self.program.tables[block.index]
        weights = eq_table(self.at((table.rows,))[0])[: table.rows]
        value = sub(self.alpha, scale(total(weights), block.index + 1))
        value = sub(value, mul(self.beta, dot_integers(weights, table.ins)))
        beta2 = mul(self.beta, self.beta)
        value = sub(value, mul(beta2, dot_integers(weights, table.outs)))
        tensor = len(self.program.tensors) + block.index
        form = Form(tensor, ((list(range(table.rows)), weights),))
        return Extension(known(value)), Affine(ZERO, {}, ((ONE, form),))

    # ------------------------------------------------------------ einsums
    def einsums(self, difference: Extension) -> None:
        """D_0 + sum_e w_e v_e = 0, by one sumcheck for all einsum outputs v_e."""
        if not self.program.einsums:
            self.claim("zeros and lookups", difference.value)
            return
        n = self.sizes.rounds
        point, claim = self.sumcheck(n, difference.value.times(neg(ONE)))
        for index, einsum in enumerate(self.program.einsums):
            own = point[n - einsum_rounds(einsum) :]
            weight = difference.einsums.get(index, ZERO)
            weight = scale(weight, inverse_of_two_to(n - len(own)))
            place = Operands(self, einsum, own)
            weight = mul(weight, place.batch_weight)
            claim = claim - self.product_value(index, place).times(weight)
        self.claim("einsums, zeros and lookups", claim)

    def product_value(self, index: int, place: Operands) -> Affine:
        """Reads an einsum's ends; claims the operands that were sent; the product's value."""
        einsum = self.program.einsums[index]
        count = self.sizes.ends[index]
        ends = self.padded("ends", count) if count else []
        if count >= 2:
            a, product = ends[0], ends[-1]
            b = a if count == 2 else ends[1]
            self.triples.append((a, b, product))
            self.claim(f"einsum {einsum.name} a", a - place.extension(einsum.a_axes, einsum.a))
            if count == 3:
                self.claim(f"einsum {einsum.name} b", b - place.extension(einsum.b_axes, einsum.b))
            return product
        a_value = place.extension(einsum.a_axes, einsum.a)
        b_value = place.extension(einsum.b_axes, einsum.b)
        if count == 0:
            return a_value.times(b_value.constant)
        if is_public(self.program, einsum.a):
            self.claim(f"einsum {einsum.name} b", ends[0] - b_value)
            return ends[0].times(a_value.constant)
        self.claim(f"einsum {einsum.name} a", ends[0] - a_value)
        return ends[0].times(b_value.constant)

    # ------------------------------------------------------------ products
    def products(self) -> None:
        """sum_i eq(tau, i) (a_i b_i - c_i) = 0 over all triples, three dummies among them."""
        rho1, rho2, rho3 = (self.take_pad() for _ in range(3))
        none, one = known(ZERO), known(ONE)
        self.triples += [(rho1, none, none), (none, rho2, none), (rho3, one, rho3)]
        z = self.sizes.product_rounds
        assert len(self.triples) == self.sizes.triples
        tau = self.reader.challenges("tau", z)
        point, claim = self.sumcheck(z, known(ZERO))
        a, b, c = self.reader.clear("products", 3)
        closed = mul(eq(tau, point), sub(mul(a, b), c))
        self.claim("products", claim.plus(neg(closed)))
        weights = eq_table(point)
        for column, sent in enumerate((a, b, c)):
            value = known(neg(sent))
            for triple, w in zip(self.triples, weights, strict=False):  # (0, 0, 0) beyond
                value = value + triple[column].times(w)
            self.claim(f"products {'abc'[column]}", value)


class Operands:
    """One einsum at the end of the sumcheck: coordinates for all its labels."""

    def __init__(self, relations: Relations, einsum: Einsum, point: Sequence[K]) -> None:
        self.relations = relations
        self.einsum = einsum
        outer = relations.at(einsum.out_shape)
        inner_axes = einsum.batch + einsum.contraction
        inner = split(einsum.shape_of(inner_axes), point)
        self.coordinates = dict(zip(einsum.out_axes, outer, strict=True))
        self.batch_weight = ONE
        for label, coordinates in zip(inner_axes, inner, strict=True):
            if label in self.coordinates:
                self.batch_weight = mul(self.batch_weight, eq(self.coordinates[label], coordinates))
            self.coordinates[label] = coordinates

    def extension(self, axes: Sequence[int], operand: Expr) -> Affine:
        """The operand at the point: batch and contraction labels the sumcheck's, free ones r's."""
        shape = self.einsum.shape_of(axes)
        coordinates = [self.coordinates[axis] for axis in axes]
        return self.relations.extender.extend(operand, shape, coordinates).value
