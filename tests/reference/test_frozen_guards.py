"""Guards that are not challenges, taken away one by one: the false result is accepted then, and refused where the guard is.

Rows: docs/protocol/attacks.md. A guard of the second verifier is taken away by replacing one function of it (and the same
one of the toy prover, where it has it too); a relation, by a program that lacks it. The opening: test_frozen_opening.py.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from math import prod

import pytest
from test_argument import change, false_claims, slug_of
from test_frozen import VALUE
from toy import cases, commit, programs, prover
from toy.execute import Execution
from toy.oracle import holes
from toy.relations import RelationsProver

from tacit.reference import forms, intervals, recurrences, relations, validation
from tacit.reference.field import ONE, ZERO, K, P, add, bits, lift, scale, total
from tacit.reference.forms import AxisTables, known
from tacit.reference.program import Expr, LinearHint, OfTensor, Program, Public, Shape, Term, identity_links, layout
from tacit.reference.sizes import Block

VERIFY = sys.modules["tacit.reference.verify"]  # the package's attribute of this name is the function


def prove(program: Program, *spoils, geometry=programs.TWO_LEVELS, given=None) -> cases.Case:
    def spoil(run: Execution) -> None:
        for each in spoils:
            each(run)

    return cases.prove_case(program, geometry, given or programs.values_for(program), spoil=spoil)


def outputs_follow(run: Execution) -> None:
    """Public outputs are computed anew from the values that were changed."""
    run.einsum_values.clear()
    for hint in run.program.hints:
        if isinstance(hint, LinearHint):
            run._run(hint)


def rounded_by(by: int):
    """A remainder of `mixed` moves by 4 and the rounded number by 1 the other way; outputs follow."""
    return [change("r", 1, -4 * by), change("a", 1, by), outputs_follow]


# ---------------------------------------------------------------- tables
def rows_of_any_table(run: Execution) -> None:
    """A looked-up pair that its own table lacks is counted at a row of another one."""
    count, first = run.count, len(run.program.tensors)

    def anywhere() -> None:
        count()
        rows = [list(zip(t.ins, t.outs, strict=True)) for t in run.program.tables]
        for lookup in run.program.lookups:
            for pair in run.lookup_pairs(lookup):
                for j, other in enumerate(rows):
                    if pair not in rows[lookup.table] and pair in other:
                        run.values[first + j][other.index(pair)] += 1

    run.count = anywhere  # type: ignore[method-assign]


def forget_tags(patch: pytest.MonkeyPatch) -> None:
    """Both sides add the tag to the fingerprints again: alpha - beta in - beta^2 out."""
    lookup_leaves, table_leaves = relations.Relations.lookup_leaves, relations.Relations.table_leaves
    leaves = RelationsProver.leaves

    def lookup_without(self: relations.Relations, block: Block) -> forms.Extension:
        lookup, out = self.program.lookups[block.index], lookup_leaves(self, block)
        everything = self.extend(Expr(1, ()), lookup.shape).value.constant
        out.value = out.value.plus(scale(everything, lookup.table + 1))
        return out

    def table_without(self: relations.Relations, block: Block):
        rows = self.program.tables[block.index].rows
        out, counts = table_leaves(self, block)
        everything = total(relations.eq_table(self.at((rows,))[0])[:rows])
        out.value = out.value.plus(scale(everything, block.index + 1))
        return out, counts

    def leaves_without(self: RelationsProver) -> tuple[list[K], list[K]]:
        p, q = leaves(self)
        for b in self.sizes.blocks:
            shape = (self.program.tables[b.index].rows,) if b.is_table else self.program.lookups[b.index].shape
            tag = 1 + (b.index if b.is_table else self.program.lookups[b.index].table)
            valid = commit.block(shape, [1] * prod(shape))
            for i, ok in enumerate(valid, start=b.offset):
                q[i] = add(q[i], lift(tag * ok))
        return p, q

    patch.setattr(relations.Relations, "lookup_leaves", lookup_without)
    patch.setattr(relations.Relations, "table_leaves", table_without)
    patch.setattr(RelationsProver, "leaves", leaves_without)


def test_a_row_of_another_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 18. A remainder of -4 to -1 is no row of `two bits`, but (r, 0) is one of `relu`. Guard: the tag in the fingerprint."""
    attack = [*rounded_by(1), rows_of_any_table]
    forget_tags(monkeypatch)
    case = prove(programs.mixed(), *attack)
    assert case.run.check() == ["lookup r"]
    assert case.proof.publics != cases.honest("mixed").proof.publics
    case.verify()
    monkeypatch.undo()
    assert slug_of(case.verify) == "final_claim"  # the same bytes
    case = prove(programs.mixed(), *attack)
    assert false_claims(case) == ["logup layer 0"]
    assert slug_of(case.verify) == "final_claim"


def without_range(program: Program, name: str) -> Program:
    return replace(program, lookups=tuple(x for x in program.lookups if x.name != name))


def test_a_remainder_without_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 13. A rounding that is off by one, its remainder out of range. Guards: the remainder's lookup, and that a program in
    which nothing bounds a number is none."""
    attack = rounded_by(-1)
    bare = without_range(programs.mixed(), "r")
    case = prove(bare, *attack)
    assert case.run.check() == []
    assert case.proof.publics != cases.honest("mixed").proof.publics
    assert slug_of(case.verify) == "program"
    monkeypatch.setattr(validation, "check_intervals", lambda _: None)
    case.verify()
    case = prove(programs.mixed(), *attack)  # the same verifier, the program with the lookup
    assert case.run.check() == ["lookup r"]
    assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- denominators
def forget_the_inverse(patch: pytest.MonkeyPatch) -> None:
    """The triple (Q, 1/Q, 1) of the root becomes (0, 0, 0) on both sides."""
    verifier, made = relations.Relations.logup, RelationsProver.logup

    def logup(self: relations.Relations):
        out = verifier(self)
        self.triples[0] = (known(ZERO), known(ZERO), known(ZERO))
        return out

    def prover_logup(self: RelationsProver) -> list[K]:
        point = made(self)
        self.triples[0] = (ZERO, ZERO, ZERO)
        return point

    patch.setattr(relations.Relations, "logup", logup)
    patch.setattr(RelationsProver, "logup", prover_logup)


class Unseen(tuple):
    """An element of K that no comparison finds equal to another one."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


def ranged(lo: int, size: int) -> Program:
    """Five private numbers are in a range; three leaves of their lookup are at invalid indices."""
    p = programs.Build("ranged", [("data", True)])
    p.tensor("x", (5,), "data", -8, 7)
    p.tables.append(programs.Table("range", programs.Range(lo, size)))
    p.range_check("x", 0)
    return p.done(["x"])


@pytest.mark.parametrize("leaves", ["two lookups", "padding"])
def test_a_denominator_of_zero(leaves: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 17. Two leaves have the denominator 0: then all fractions together are 0/0, and no lookup is checked. Guards: the
    root's denominator has an inverse; alpha is not 0, which is the denominator of the padding. (No such alpha is ever drawn:
    it is made known to have the case at all.)"""
    known_alpha = add(lift(1), scale(VALUE, 5)) if leaves == "two lookups" else Unseen(ZERO)  # tag 1, in 5, out 0
    given = {"x": [5, 0, 5, 3, -7]}
    with holes(known={"alpha": known_alpha, "beta": VALUE}):
        case = prove(ranged(0, 4), given=given)
        assert case.run.check() == ["lookup x"]
        assert false_claims(case) == ["products"]
        assert slug_of(case.verify) == "final_claim"
        forget_the_inverse(monkeypatch)
        case = prove(ranged(0, 4), given=given)
        case.verify()
        monkeypatch.undo()
        assert slug_of(case.verify) == "final_claim"  # the same bytes
    if leaves == "padding":
        with holes(known={"alpha": ZERO, "beta": VALUE}):
            assert slug_of(case.verify) == "alpha"


# ---------------------------------------------------------------- rows beyond a table's end
def count_beyond(patch: pytest.MonkeyPatch) -> None:
    """The prover counts one entry at the first row beyond the table's end, whose denominator is alpha."""
    leaves, place_cells = RelationsProver.leaves, prover.place_cells

    def more_leaves(self: RelationsProver) -> tuple[list[K], list[K]]:
        p, q = leaves(self)
        [at] = [b.offset + self.program.tables[0].rows for b in self.sizes.blocks if b.is_table]
        assert q[at] == self.alpha
        p[at] = lift(-1)
        return p, q

    def more_cells(program: Program, slab: int | None, values, size: int) -> list[int]:
        cells = place_cells(program, slab, values, size)
        cells[layout(program, None).offsets[len(program.tensors)] + program.tables[0].rows] = 1
        return cells

    patch.setattr(RelationsProver, "leaves", more_leaves)
    patch.setattr(prover, "place_cells", more_cells)


def believe_beyond(patch: pytest.MonkeyPatch) -> None:
    """The verifier weighs the multiplicity cells of the whole padded block."""
    table_leaves = relations.Relations.table_leaves

    def whole(self: relations.Relations, block: Block):
        out, _ = table_leaves(self, block)
        weights = relations.eq_table(self.at((self.program.tables[block.index].rows,))[0])
        form = forms.Form(len(self.program.tensors) + block.index, ((list(range(len(weights))), weights),))
        return out, forms.Affine(ZERO, {}, ((ONE, form),))

    patch.setattr(relations.Relations, "table_leaves", whole)


def test_an_entry_that_is_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows 17 and 18. 0 is not in 1..=5, but with a tag of 0 its fingerprint is alpha, as that of a row beyond the end.
    Guards, each enough: tags start at 1; multiplicities beyond the end weigh zero."""
    slugs: list[str] = []

    def attack(*holes_made) -> cases.Case:
        with monkeypatch.context() as patch:
            for hole in holes_made:
                hole(patch)
            count_beyond(patch)
            case = prove(ranged(1, 5), given={"x": [0, 1, 2, 3, 5]})
            assert case.run.check() == ["lookup x"]
            slugs.append(slug_of(case.verify))
        return case

    case = attack(forget_tags, believe_beyond)
    attack(forget_tags)
    attack(believe_beyond)
    attack()
    assert slugs == ["accept", "final_claim", "final_claim", "final_claim"]
    assert slug_of(case.verify) == "final_claim"  # the same bytes


# ---------------------------------------------------------------- padding
def weigh_padding(patch: pytest.MonkeyPatch) -> None:
    """Axes of committed tensors that an expression sums over are summed to the end of the padded block."""
    term_form = forms.term_form

    def whole(term: Term, tables: AxisTables, source: Shape, padded: bool, *indices):
        return term_form(term, tables, tuple(1 << bits(n) for n in source) if padded else source, padded, *indices)

    patch.setattr(forms, "term_form", whole)


def test_padding_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 12. A tensor of three entries is committed with a fourth cell of 5 after them, which no interval is proven for, and
    the sum of the entries comes out larger by 5. Guard: forms weigh the padding zero."""
    p = programs.Build("total", [("data", True)])
    p.tensor("x", (3,), "data", -8, 7)
    p.output("y", (), p.expr(p.term("x", links=())), -100, 100)
    program, place_cells = p.done(["x"], ["y"]), commit.place_cells

    def with_a_fourth(*arguments) -> list[int]:
        cells = place_cells(*arguments)
        cells[3] = 5
        return cells

    def attack() -> cases.Case:
        with monkeypatch.context() as patch:
            patch.setattr(commit, "place_cells", with_a_fourth)
            case = prove(program, change("y", 0, 5))
        assert case.run.check() == ["zero y"]
        assert case.slabs["data"].cells[3] == 5
        return case

    with monkeypatch.context() as patch:
        weigh_padding(patch)
        case = attack()
        assert false_claims(case) == []
        case.verify()
    assert slug_of(case.verify) == "final_claim"  # the same bytes
    case = attack()
    assert false_claims(case) == ["zeros and lookups"]
    assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- slabs
def test_one_commitment_in_two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 24e. Base and next of a program have one schema, and nothing moved: the base's commitment stands for both, and its
    columns are folded twice with the blinding of one proof (`prover::rank_twice` shows the leak). Guard: no two commitments of
    a proof are one."""
    p = programs.Build("step", [("base", True), ("next", True)])
    base, after = (p.tensor("w", (2, 3), slab, -8, 7) for slab in ("base", "next"))
    terms = [Term(coef, OfTensor(index), identity_links(2)) for coef, index in ((1, base), (-1, after))]
    p.zeros.append(programs.Zero("update", (2, 3), Expr(0, tuple(terms))))
    honest = prove(p.done(), given={"w": [3, -8, 7, 0, 1, 2]})
    honest.verify()
    slabs = dict.fromkeys(honest.slabs, honest.slabs["base"])
    given = {"w": [3, -8, 7, 0, 1, 2]}
    case = cases.prove_case(honest.program, honest.geometry, given, slabs=slabs)
    assert false_claims(case) == []
    assert slug_of(case.verify) == "commitments"
    ordered = [slabs[slab.name].commitment for slab in honest.program.slabs]
    monkeypatch.setattr(VERIFY, "order_commitments", lambda *_: ordered)
    case.verify()


# ---------------------------------------------------------------- integers
def test_a_zero_that_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15. x = 2^45 y has y = 2^19 for x = 2^32 - 1, modulo p. Guard: a program in which a zero could wrap is none."""
    p = programs.Build("wraps", [("data", True)])
    p.tensor("x", (2,), "data", -(2**40), 2**40)
    p.tensor("y", (2,), Public(), -(2**20), 2**20)
    zero = p.expr(p.term("x"), p.term("y", -(2**45)))
    p.zeros.append(programs.Zero("multiple", (2,), zero))
    case = prove(p.done(["x", "y"]), given={"x": [2**32 - 1, 0], "y": [2**19, 0]})
    assert (2**45 * 2**19 - (2**32 - 1)) % P == 0
    assert case.run.check() == ["zero multiple"]
    assert slug_of(case.verify) == "program"
    monkeypatch.setattr(validation, "check_intervals", lambda _: None)
    case.verify()


def test_a_sum_of_products_that_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15b. 2^32 2^32 - (2^32 - 1) = p. Guard: of products only one that is not summed may leave the field."""
    p = programs.Build("summed", [("data", True)])
    p.tensor("x", (2,), "data", -(2**33), 2**33)
    p.tensor("y", (2,), Public(), -(2**33), 2**33)
    p.einsums.append(programs.Einsum("xy", (2,), (0,), (0,), (), p.of("x"), p.of("y")))
    p.zeros.append(programs.Zero("sum", (), p.of("xy")))
    case = prove(p.done(["x", "y"]), given={"x": [2**32, 1 - 2**32], "y": [2**32, 1]})
    assert P == 2**32 * 2**32 + 1 - 2**32
    assert case.run.check() == ["zero sum"]
    assert slug_of(case.verify) == "program"
    monkeypatch.setattr(intervals, "bare_product", lambda _, zero: zero.expr.terms[0].source.index)
    case.verify()


def test_a_recurrence_of_multiples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15c. 2 x[t] - 2 x[t-1] = g[t] has no integer x for g = 1, but (p + 1) / 2 modulo p. Guard: rule 3 takes no
    coefficients but 1 and -1."""
    p = programs.Build("doubled", [])
    p.tensor("g", (3,), Public(), -8, 7)
    p.tensor("x", (3,), programs.Witness(), -24, 24)
    earlier = p.term("x", -2, (programs.link([(0, 1)], [(0, 1)], -1),))
    p.zeros.append(programs.Zero("step", (3,), p.expr(p.term("x", 2), earlier, p.term("g", -1))))
    half = (P + 1) // 2
    case = prove(p.done(["g", "x"]), given={"g": [1, 0, -1], "x": [half, half, 0]})
    assert case.run.check() == ["zero step"]
    assert slug_of(case.verify) == "program"
    carried_along = recurrences._carried_along

    def whatever_multiple(now: Term, before: Term, shape: Shape, source: Shape) -> int | None:
        sign = 1 if now.coef > 0 else -1
        return carried_along(replace(now, coef=sign), replace(before, coef=-sign), shape, source)

    monkeypatch.setattr(recurrences, "_carried_along", whatever_multiple)
    case.verify()
    monkeypatch.undo()
    assert slug_of(case.verify) == "program"  # the same bytes


def test_an_index_that_is_taken_for_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15d. x[q[t]] = g[t] with q = (0, 0) says nothing of x[1], so y[1] = 2 x[1] may be 1 modulo p. Guard: a link with an
    index is no identity, whatever else it says."""
    p = programs.Build("picked", [])
    p.tensor("q", (2,), programs.Constant((0, 0)), 0, 1)
    p.tensor("g", (2,), Public(), -8, 7)
    p.tensor("x", (2,), programs.Witness(), -8, 7)
    p.tensor("y", (2,), Public(), -16, 14)
    by_index = p.term("x", 1, (programs.picked([0], 0, 0),))
    p.zeros.append(programs.Zero("pick", (2,), p.expr(by_index, p.term("g", -1))))
    p.zeros.append(programs.Zero("twice", (2,), p.expr(p.term("x", 2), p.term("y", -1))))
    given = {"g": [3, 3], "x": [3, (P + 1) // 2], "y": [6, 1]}
    case = prove(p.done(["g", "x", "y"]), given=given)
    assert case.run.check() == ["zero twice"]
    assert slug_of(case.verify) == "program"
    is_identity = intervals.is_identity

    def without_index(term: Term, target: Shape, source: Shape) -> bool:
        return is_identity(replace(term, links=tuple(replace(each, index=None) for each in term.links)), target, source)

    monkeypatch.setattr(intervals, "is_identity", without_index)
    case.verify()
    monkeypatch.undo()
    assert slug_of(case.verify) == "program"  # the same bytes


def test_public_values_that_are_the_same_modulo_p(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 1. y + p is absorbed and evaluated as y is. Guard: a public value lies in its interval."""
    case = cases.honest("linear")
    other = [[y + P for y in case.proof.publics[0]]]
    assert slug_of(lambda: case.verify(publics=other)) == "public_interval"
    y = [t.name for t in case.program.tensors].index("y")
    monkeypatch.setattr(VERIFY, "check_publics", lambda _, publics: {y: publics[0]})
    case.verify(publics=other)
