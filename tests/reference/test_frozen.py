"""Frozen challenges: attacks that work where one guard of the transcript is missing, and are refused where it is there.

Rows: docs/protocol/attacks.md. The prover is the toy prover with one step replaced; the verifier is `tacit.reference`; the
hole is in the oracle that both use (toy/oracle.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from test_argument import EARLY, change, false_claims, slug_of
from toy import cases, programs
from toy.audit import audit_values
from toy.commit import Random, commit_slab
from toy.execute import Execution
from toy.forge import final_difference, make_up, short_relation
from toy.oracle import Draw, holes

from tacit.reference import rotation as rotations
from tacit.reference.field import ONE, ZERO, K, add, eq_table, inverse, mul, neg, pack_k, power, sub
from tacit.reference.program import Program
from tacit.reference.rotation import Rotation, check_rotation, rotation_key, rotation_program
from tacit.reference.transcript import Transcript, next_k, words

VERIFY = sys.modules["tacit.reference.verify"]  # the package's attribute of this name is the function
VALUE: K = next_k(words(b"known"))
WIDE = 2**59


def false_output(name: str, tensor: str):
    """A prover of a case in which one entry of a public output is larger by 1."""
    honest = cases.honest(name)
    given = programs.values_for(honest.program)
    spoil = change(tensor, 0, 1)
    max_fold = 6 if name == "linear" else 7
    return lambda cheat=None: cases.prove_case(
        honest.program, honest.geometry, given, spoil=spoil, cheat=cheat, max_fold=max_fold
    )


# ---------------------------------------------------------------- messages and challenges of the argument
@pytest.mark.parametrize("kind", ["root", "round", "ends", "products", "S", "columns", "mu", "ood", "fold"])
def test_a_message_that_is_not_absorbed(kind: str) -> None:
    """Row 2. Everything at the end is affine in a message that no challenge depends on: its sender makes up with it, after the
    fact, for a false output. Guard: `message` absorbs whatever it hands out."""
    prove = false_output("mixed", "y")
    case = make_up(prove, kind, deaf=[kind])
    assert case.run.check()
    with holes(deaf=[kind]):
        case.verify()
    assert slug_of(case.verify) in EARLY  # the same bytes
    case = make_up(prove, kind)
    assert slug_of(case.verify) == "final_claim"


PAIRS = [
    ("round", "round"),
    ("collapse", "S"),
    ("columns", "columns"),
    ("mask", "mu"),
    ("batch", "ood"),
    ("fold", "fold"),
]


@pytest.mark.parametrize(("challenge", "message"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_a_challenge_that_is_known(challenge: str, message: str) -> None:
    """Row 3. The message before a challenge makes up for a false output when the challenge is known as it is sent; all later
    challenges are real ones. Guard: a challenge is drawn after the message."""
    prove = false_output("linear", "y")
    hole = {"known": {challenge: VALUE}}
    case = make_up(prove, message, **hole)
    assert case.run.check()
    with holes(**hole):
        case.verify()
    assert slug_of(case.verify) in EARLY
    case = make_up(prove, message)
    assert slug_of(case.verify) == "final_claim"


def test_a_hole_alone_proves_nothing_false() -> None:
    """The verifiers above are not ones that accept everything: without the made up message they refuse."""
    prove = false_output("mixed", "y")
    with holes(known={"round": VALUE}, deaf=["S", "mu"]):
        case = prove()
        assert final_difference(case) != ZERO
        assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- public values
def copies(n: int, *, scalars: bool) -> Program:
    """y = x, as one zero over n entries or as n zeros of one."""
    p = programs.Build("copies", [("data", True)])
    p.tensor("x", (n,), "data", -WIDE, WIDE - 1)
    if scalars:
        for k in range(n):
            entry = p.expr(p.term("x", links=(programs.link([], [(0, 1)], k),)))
            p.output(f"y{k}", (), entry, -WIDE, WIDE)
    else:
        p.output("y", (n,), p.of("x"), -WIDE, WIDE)
    return p.done()


def prove_copies(program: Program, shift: list[int]) -> cases.Case:
    def spoil(run: Execution) -> None:
        outputs = [i for i, t in enumerate(run.program.tensors) if t.name.startswith("y")]
        moves = iter(shift)
        for i in outputs:
            run.values[i] = [x + next(moves, 0) for x in run.values[i]]

    given = programs.values_for(program)
    given["x"] = [x // 4 for x in given["x"]]
    return cases.prove_case(program, programs.ONE_LEVEL, given, spoil=spoil)


def drawn_by(case: cases.Case) -> list[Draw]:
    log: list[Draw] = []
    with holes(log=log):
        case.verify()
    return log


@pytest.mark.parametrize("kind", ["public", "public blocks"])
def test_public_values_with_the_same_evaluation(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 1. Public values enter the argument by their evaluation at r alone. Where r does not depend on them, other integers in
    the same interval with the same evaluation are as good: a short vector in a lattice. Guard: they are absorbed before r, or
    the digests of their blocks are (here of 3, 3 and 2 entries)."""
    if kind == "public blocks":
        monkeypatch.setattr(VERIFY, "WHOLE", 4)
        monkeypatch.setattr(VERIFY, "BLOCK", 3)
    program = copies(8, scalars=False)
    with holes(deaf=[kind]):
        case = prove_copies(program, [])
        case.verify()
        r = drawn_by(case)[:3]
        shift = short_relation(eq_table(r))
        assert any(shift)
        other = [[y + d for y, d in zip(case.proof.publics[0], shift, strict=True)]]
        case.verify(publics=other)  # the same bytes for two statements
    case = prove_copies(program, [])
    case.verify()
    assert slug_of(lambda: case.verify(publics=other)) in EARLY
    assert slug_of(prove_copies(program, shift).verify) == "final_claim"


@pytest.mark.parametrize("missing", [0, 2], ids=["first", "last"])
def test_public_values_of_a_block_that_is_not_absorbed(missing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 1, in a transcript that leaves out one block's digest: the entries of that block are free, those of the others
    are not. Guard: the digests of all blocks are absorbed."""
    monkeypatch.setattr(VERIFY, "WHOLE", 8)
    monkeypatch.setattr(VERIFY, "BLOCK", 8)
    absorb_public = VERIFY.absorb_public

    def without_a_block(transcript: Transcript, values: Sequence[int]) -> None:
        left = [*values]
        left[8 * missing : 8 * missing + 8] = [0] * 8
        absorb_public(transcript, left)

    program = copies(24, scalars=False)
    monkeypatch.setattr(VERIFY, "absorb_public", without_a_block)
    case = prove_copies(program, [])
    case.verify()
    r = drawn_by(case)[:5]
    shift = short_relation(eq_table(r)[8 * missing : 8 * missing + 8])
    assert any(shift)
    other = [*case.proof.publics[0]]
    for i, by in enumerate(shift):
        other[8 * missing + i] += by
    case.verify(publics=[other])  # the same bytes for two statements
    another = [*case.proof.publics[0]]
    another[8] += 1
    assert slug_of(lambda: case.verify(publics=[another])) in EARLY
    monkeypatch.setattr(VERIFY, "absorb_public", absorb_public)
    case = prove_copies(program, [])
    case.verify()
    assert slug_of(lambda: case.verify(publics=[other])) in EARLY


@pytest.mark.parametrize("kind", ["arity", "gamma"])
def test_zeros_when_their_challenges_are_known(kind: str) -> None:
    """Row 3. A zero is checked at one point r, all zeros in one sum with the powers of gamma. Known beforehand, either has
    integers that are not 0 and pass. Guard: both are drawn after the witness and the public values."""
    program = copies(8, scalars=kind == "gamma")
    r = Random(b"r").k(3)
    known = {"arity": r} if kind == "arity" else {"gamma": VALUE}
    weights = eq_table(r) if kind == "arity" else [power(VALUE, k + 1) for k in range(8)]
    shift = short_relation(weights)
    with holes(known=known):
        case = prove_copies(program, shift)
        assert case.run.check()
        case.verify()
    assert slug_of(case.verify) in EARLY
    case = prove_copies(program, shift)
    assert false_claims(case) == ["zeros and lookups"]
    assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- products
def test_products_when_tau_is_known() -> None:
    """Rows 3 and 17. Two false products of einsums: together they make up for a false output, and with known tau their errors
    cancel in the sum over all triples. Guard: tau is drawn after every triple was sent."""
    prove = false_output("mixed", "norm out")
    place, depth = "einsums, zeros and lookups", cases.honest("mixed").prover.sizes.depth
    first = 1 + 3 * depth  # the triples of einsums acc and norm
    names = [f"product {first}", f"product {first + 1}"]

    def with_errors(errors: list[K]) -> cases.Case:
        return prove({name: (lambda v, e=e: add(v, e)) for name, e in zip(names, errors, strict=True)})

    def off(errors: list[K]) -> K:
        case = with_errors(errors)
        cells = {i: case.slabs[slab.name].cells for i, slab in enumerate(case.program.slabs)}
        return audit_values(case.proof.claims, case.program, {**cells, None: case.proof.witness.cells})[place]

    def attack() -> cases.Case:
        """w1 e1 + w2 e2 = what the sum is off by, and t1 e1 + t2 e2 = 0."""
        base = off([ZERO, ZERO])
        w1, w2 = sub(base, off([ONE, ZERO])), sub(base, off([ZERO, ONE]))
        t = eq_table([VALUE] * cases.honest("mixed").prover.sizes.product_rounds)
        t1, t2 = t[first], t[first + 1]
        scale = mul(base, inverse(sub(mul(w1, t2), mul(w2, t1))))
        return with_errors([mul(scale, t2), neg(mul(scale, t1))])

    with holes(known={"tau": VALUE}):
        case = attack()
        assert case.run.check()
        assert false_claims(case) == []
        case.verify()
    assert slug_of(case.verify) in EARLY
    case = attack()
    assert false_claims(case) == ["products"]
    assert slug_of(case.verify) == "final_claim"


# ---------------------------------------------------------------- links
def test_another_child_when_the_key_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 12. A child with other values than its master, and a link value that makes up for them at the one point that is
    compared. Guard: the key, and with it point and weight, follows from both identities."""
    program = programs.linear()
    given = programs.values_for(program)
    tensors = cases.slab_tensors(program, 0)
    about = rotation_program("model", tensors)
    run = Execution(about, {name: [0] * (24 if name == "W" else 4) for name, *_ in tensors})
    value = Random(b"link").k(1)[0]

    def commit(weights: list[int], link_value: K, seed: bytes):
        values = Execution(program, {**given, "W": weights}).values
        options = {"max_fold": 4, "links": 1, "link_values": {0: link_value}}
        return commit_slab(program, 0, values, programs.TWO_LEVELS, Random(seed), **options)

    master = commit(given["W"], value, b"master")
    others = [given["W"][0] - 1, *given["W"][1:]]

    def attack(key: bytes) -> str:
        """The child is made for this key; the link is argued under the key that the two have."""
        plain = commit(others, value, b"child")
        gap = sub(cases.link_value(master, about, key, 0), cases.link_value(plain, about, key, 0))
        child = commit(others, add(value, mul(gap, inverse(next_k(words(key))))), b"child")
        real = rotations.rotation_key(master.commitment, child.commitment, 0)
        v = cases.link_value(master, about, real, 0)
        sides = [cases.side_argument(slab, about, real, v, 0, run, b"side") for slab in (master, child)]
        link = Rotation(0, pack_k([v]), *sides)
        return slug_of(lambda: check_rotation("model", tensors, child.commitment, master.commitment, link, 0))

    monkeypatch.setattr(rotations, "rotation_key", lambda *_: b"known")
    assert attack(b"known") == "accept"
    monkeypatch.undo()
    assert rotations.rotation_key is rotation_key
    assert attack(b"known") == "rotation"
