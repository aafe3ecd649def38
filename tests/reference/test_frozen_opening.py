"""Guards of the opening and of commitments, taken away one by one: what is false is accepted then, and refused where they are.

Rows: docs/protocol/attacks.md. The prover commits to one vector and goes on with another one, h, that has the value which
a false output needs; what is left of the verifier sees no difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from itertools import count

import pytest
from test_argument import EARLY, change, slug_of
from toy import cases, programs, prover
from toy.commit import Random, commit_slab
from toy.forge import final_difference
from toy.messages import Writer
from toy.oracle import Draw, holes

from tacit.reference import opening
from tacit.reference.commitment import Commitment, Geometry, Header, Level
from tacit.reference.field import ONE, ZERO, K, P, add, domain_point, inverse, lift, mul, neg, pack_f, pack_k, sub
from tacit.reference.opening import Opening, open_rows
from tacit.reference.program import Program, schema
from tacit.reference.transcript import Reader, Transcript, unpack_f

VERIFY = sys.modules["tacit.reference.verify"]  # the package's attribute of this name is the function
POSITIONS = Transcript.positions


def false_output(geometry: Geometry, by: Callable[[K], dict]) -> Callable[[K], cases.Case]:
    """A prover of `linear` with an output larger by 1, its steps replaced as `by` says for a multiple."""
    program = programs.linear()
    given = programs.values_for(program)
    spoil = change("y", 0, 1)
    return lambda multiple: cases.prove_case(program, geometry, given, spoil=spoil, cheat=by(multiple), max_fold=6)


def made_up(prove: Callable[[K], cases.Case]) -> cases.Case:
    """The proof with the multiple for which nothing is missing at the end: with all draws fixed, what is missing is affine
    in it. The last run has no draw fixed."""
    log: list[Draw] = []
    plain = prove(ZERO)
    assert plain.run.check() == ["zero y"]
    with holes(log=log):
        at_0 = final_difference(plain)
    assert at_0 != ZERO
    with holes(script=log):
        at_1 = final_difference(prove(ONE))
    return prove(neg(mul(at_0, inverse(sub(at_1, at_0)))))


def another_h(direction: list[K]) -> Callable[[K], dict]:
    def by(multiple: K) -> dict:
        def h(honest: list[K]) -> list[K]:
            rest = [ZERO] * (len(honest) - len(direction))
            return [add(x, mul(multiple, d)) for x, d in zip(honest, direction + rest, strict=True)]

        return {"h": h}

    return by


def test_no_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 11. h is any vector with the value that is wanted. Guard: its code word is compared with the committed ones."""
    attack = false_output(programs.THREE_LEVELS, another_h([ONE]))

    def no_rows(reader: Reader, *_) -> list[list[int]]:
        reader.message("opening", 0)
        return []

    with monkeypatch.context() as patch:
        patch.setattr(Transcript, "positions", lambda *_: [])
        patch.setattr(opening, "open_rows", no_rows)
        case = made_up(attack)
        case.verify()
    assert slug_of(case.verify) in EARLY  # the same bytes
    assert slug_of(made_up(attack).verify) == "final_claim"


class AnyRoot(bytes):
    """A root that is never another one."""

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def test_paths_that_nobody_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 10. Rows of the witness slab are changed where they are asked for, until they fit another h. Guard: the root."""
    levels = prover.Prover.levels

    def other_rows(self: prover.Prover, t, trees, h, w) -> None:
        forged = copy(trees[-1])
        multiple = self.cheat["multiple"](ZERO)
        rows = [unpack_f(row, "row") for row in forged.rows]
        forged.rows = [pack_f([*r[:-3], *add((r[-3], r[-2], r[-1]), multiple)]) for r in rows]
        levels(self, t, [*trees[:-1], forged], h, w)

    def by(multiple: K) -> dict:
        """h + multiple has the constant multiple more at every point, and so has the mask in the rows."""
        return {**another_h([ONE])(multiple), "multiple": lambda _: multiple}

    def any_path(reader: Reader, code: opening.Code, positions, log: int) -> list[list[int]]:
        return open_rows(reader, replace(code, root=AnyRoot()), positions, log)

    monkeypatch.setattr(prover.Prover, "levels", other_rows)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "open_rows", any_path)
        case = made_up(false_output(programs.THREE_LEVELS, by))
        case.verify()
    assert slug_of(case.verify) == "merkle"  # the same bytes


# ---------------------------------------------------------------- one query
def one_query(target: int, grind: int) -> Geometry:
    return Geometry(target, 7, 208, 9, 1, grind, (Level(4, 6, 1),))


ROOTS = range(200)


def vanishing() -> list[K]:
    """prod (X - x_i) over the points of ROOTS: an h that moves by it is the committed one there."""
    out = [1]
    for i in ROOTS:
        x = domain_point(i, 9)
        out = [(a - x * b) % P for a, b in zip([0, *out], [*out, 0], strict=True)]
    return [lift(c) for c in out]


def aim(patch: pytest.MonkeyPatch, work: int) -> None:
    """Nonces are chosen for the position that they give, and for `work` bits."""

    def grind(self: prover.Prover, t: Writer) -> None:
        state, size = t.state, len(t.argument)
        for nonce in count():
            t.message("nonce", nonce.to_bytes(8, "big"))
            after = Transcript()
            after.state = t.state
            done = int.from_bytes(t.state[:8], "big") % (1 << work) == 0
            if done and set(POSITIONS(after, "queries", 1, 9)) <= set(ROOTS):
                return
            t.state = state
            del t.argument[size:]

    patch.setattr(prover.Prover, "grind", grind)


def test_a_nonce_without_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 8. One query, and a vector that agrees with the committed one at 200 points of 512: a nonce or two later the query
    is among them. Guard: a nonce costs 2^20 tries."""
    aim(monkeypatch, 0)
    with monkeypatch.context() as patch:
        patch.setattr(Opening, "check_grinding", lambda self, _: self.reader.message("nonce", 8))
        case = made_up(false_output(one_query(0, 20), another_h(vanishing())))
        case.verify()
    assert slug_of(case.verify) == "grinding"  # the same bytes


def test_a_budget_that_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 11. The same with the work done, two bits of it, in a geometry that calls itself one for 128 bits. Guards: the
    security of a geometry is computed; its target is compared with the verifier's."""
    aim(monkeypatch, 2)
    case = made_up(false_output(one_query(128, 2), another_h(vanishing())))
    case.verify(target=0)  # who asks for no security gets none
    assert slug_of(lambda: case.verify(target=128)) == "security"
    with monkeypatch.context() as patch:
        patch.setattr(VERIFY, "check_security", lambda *_, **__: None)
        case.verify(target=128)
        modest = made_up(false_output(one_query(0, 2), another_h(vanishing())))
        assert slug_of(lambda: modest.verify(target=128)) == "target"


# ---------------------------------------------------------------- headers
FEW_ROWS = Geometry(0, 3, 64, 8, 12, 0, (Level(2, 6, 5),))


def coefficients(points: list[int], values: list[int]) -> list[int]:
    """Of the polynomial through these points."""
    out = [0] * len(points)
    for i, (x, y) in enumerate(zip(points, values, strict=True)):
        basis, below = [1], 1
        for z in points[:i] + points[i + 1 :]:
            basis = [(a - z * b) % P for a, b in zip([0, *basis], [*basis, 0], strict=True)]
            below = below * (x - z) % P
        factor = y * pow(below, -1, P)
        out = [(a + factor * b) % P for a, b in zip(out, basis, strict=True)]
    return out


def read_off(case: cases.Case, patch: pytest.MonkeyPatch) -> list[int]:
    """The model's cells, if its columns are polynomials of degree below 8: from the rows that a proof opens."""
    seen: list[tuple[list[int], list[list[int]]]] = []

    def noting(reader: Reader, code: opening.Code, positions: list[int], log: int) -> list[list[int]]:
        rows = open_rows(reader, code, positions, log)
        if code.place == "model":
            seen.append((positions, rows))
        return rows

    patch.setattr(opening, "open_rows", noting)
    case.verify()
    [(positions, rows)] = seen
    points = [domain_point(i, 8) for i in positions[:8]]
    return [c for column in zip(*rows[:8], strict=True) for c in coefficients(points, list(column))]


def forgive(patch: pytest.MonkeyPatch, how: Callable[[Program, int, Header], tuple[Program, Header]]) -> None:
    """What a header is checked for, on a program and a header that are made to fit each other in one respect."""
    check_header = VERIFY.check_header

    def check(about: Program, index: int, header: Header, *rest) -> None:
        about, header = how(about, index, header)
        check_header(about, index, header, *rest)

    patch.setattr(VERIFY, "check_header", check)


def any_flag(about: Program, index: int, header: Header) -> tuple[Program, Header]:
    slabs = [replace(s, private=header.private) if i == index else s for i, s in enumerate(about.slabs)]
    return replace(about, slabs=tuple(slabs)), header


def any_blinding(about: Program, index: int, header: Header) -> tuple[Program, Header]:
    return about, replace(header, budget=1, blinding=FEW_ROWS.rows - FEW_ROWS.data_rows)


@pytest.mark.parametrize(("changes", "how"), [({"private": False}, any_flag), ({}, any_blinding)], ids=["flag", "rows"])
def test_a_hiding_slab_without_blinding(changes: dict, how, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows 25 and 24. The weights are read off a proof whose program calls them private. Guards: the header's flag is the
    program's; a private slab's header has the blinding rows of its budget, which is at least one proof."""
    program = programs.linear()
    hidden = cases.prove_case(program, FEW_ROWS, programs.values_for(program), max_fold=4)
    values, options = hidden.run.values, {"budget": 0, "max_fold": 4, **changes}
    bare = commit_slab(program, 0, values, FEW_ROWS, Random(b"bare"), **options)
    given = programs.values_for(program)
    case = cases.prove_case(program, FEW_ROWS, given, slabs={**hidden.slabs, "model": bare})
    assert slug_of(case.verify) == "header"
    forgive(monkeypatch, how)
    assert read_off(case, monkeypatch) == [c % P for c in bare.cells]
    assert read_off(hidden, monkeypatch) != [c % P for c in hidden.slabs["model"].cells]


def test_intervals_of_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 12. A weight of 1000, valid for a commitment with wider intervals, in a program whose weights are -128..=127.
    Guard: the schema in the header."""
    narrow = programs.linear()
    wide = replace(narrow, tensors=(replace(narrow.tensors[0], lo=-(2**19), hi=2**19 - 1), *narrow.tensors[1:]))
    given = programs.values_for(narrow)
    given["W"] = [1000, *given["W"][1:]]
    other = cases.prove_case(wide, programs.TWO_LEVELS, given, max_fold=6)
    cases.validity_case(other, 0).verify()
    case = cases.prove_case(narrow, programs.TWO_LEVELS, given, slabs=other.slabs)
    assert slug_of(case.verify) == "header"
    forgive(monkeypatch, lambda about, index, header: (about, replace(header, schema=schema(about, index))))
    case.verify()


# ---------------------------------------------------------------- which commitment
def with_commitment(case: cases.Case, commitment: Commitment) -> cases.Case:
    """The same argument, said to be about this commitment of the model."""
    return replace(case, slabs={**case.slabs, "model": replace(case.slabs["model"], commitment=commitment)})


def test_a_commitment_chosen_after_the_proof() -> None:
    """Row 21. Where no challenge depends on the commitment, its y makes up for a false output, after the fact. Guard: the
    identity, y in it, is absorbed before the first challenge."""

    def attack() -> cases.Case:
        case = false_output(programs.THREE_LEVELS, lambda _: {})(ZERO)
        assert case.run.check() == ["zero y"]
        model = case.slabs["model"].commitment

        def moved(by: K) -> cases.Case:
            return with_commitment(case, replace(model, y=pack_k([add(model.y_value, by)])))

        with holes(deaf=["slab"]):
            at_0, at_1 = final_difference(case), final_difference(moved(ONE))
        return moved(neg(mul(at_0, inverse(sub(at_1, at_0)))))

    with holes(deaf=["slab"]):
        case = attack()
        case.verify()
    assert slug_of(case.verify) in EARLY  # the same bytes


def test_public_weights_that_nobody_compares() -> None:
    """Row 21. A proof for other public weights is a proof, for who takes the commitment from the prover. Guard: who relies on
    the weights computes their commitment."""
    honest = cases.honest("public_model")
    program, given = honest.program, programs.values_for(honest.program)
    given["w"] = [-w for w in given["w"]]
    case = cases.prove_case(program, honest.geometry, given, max_fold=7)
    assert case.proof.publics != honest.proof.publics
    case.verify()
    computed = commit_slab(program, 0, honest.run.values, honest.geometry, Random(), max_fold=7).commitment
    with_commitment(honest, computed).verify()
    assert slug_of(with_commitment(case, computed).verify) in EARLY
