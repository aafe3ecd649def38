"""Arguments: honest ones are accepted, changed ones and lies refused, each by the guard that is meant for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from toy import cases, programs
from toy.audit import audit
from toy.commit import Random, block, commit_slab
from toy.execute import Execution

from tacit.reference import Refused
from tacit.reference.field import UNITS, P, add, lift, mul
from tacit.reference.program import layout
from tacit.reference.transcript import Reader

CASES = list(cases.NAMES)


def slug_of(action: Callable[[], object]) -> str:
    try:
        action()
    except Refused as refused:
        return refused.slug
    return "accept"


def secret_cells(case: cases.Case) -> dict[int | None, list[int]]:
    cells: dict[int | None, list[int]] = {i: case.slabs[slab.name].cells for i, slab in enumerate(case.program.slabs)}
    return {**cells, None: case.proof.witness.cells}


def false_claims(case: cases.Case) -> list[str]:
    return audit(case.proof.claims, case.program, secret_cells(case))


# ---------------------------------------------------------------- completeness
@pytest.mark.parametrize("name", CASES)
def test_honest(name: str) -> None:
    case = cases.honest(name)
    assert case.run.check() == []
    assert false_claims(case) == []
    case.verify()


@pytest.mark.parametrize("name", ["mixed", "public_model"])
@pytest.mark.parametrize("seed", [2, 3])
def test_other_values(name: str, seed: int) -> None:
    program = cases.honest(name).program
    given = programs.values_for(program, seed)
    cases.prove_case(program, programs.TWO_LEVELS, given, bytes([seed]), max_fold=6).verify()


@pytest.mark.parametrize("geometry", [programs.ONE_LEVEL, programs.THREE_LEVELS], ids=["one", "three"])
def test_other_geometries(geometry) -> None:
    program = cases.honest("mixed").program
    cases.prove_case(program, geometry, programs.values_for(program), max_fold=7).verify()


@pytest.mark.parametrize(("name", "slab"), [("mixed", 0), ("mixed", 1), ("wide", 0), ("public_model", 1)])
def test_validity(name: str, slab: int) -> None:
    case = cases.validity_case(cases.honest(name), slab)
    assert false_claims(case) == []
    case.verify()


def test_links_budget_and_reserved_cells() -> None:
    program = cases.honest("linear").program
    given = programs.values_for(program)
    cases.prove_case(program, programs.TWO_LEVELS, given, max_fold=4, links=2, budget=3).verify()
    many = cases.prove_case(program, programs.TWO_LEVELS, given, max_fold=5, links=40)
    assert many.slabs["model"].commitment.header.columns == 3
    many.verify()


def test_fresh_proofs_differ() -> None:
    case = cases.honest("linear")
    given = programs.values_for(case.program)
    again = cases.prove_case(case.program, case.geometry, given, b"other", max_fold=6)
    assert again.proof.argument != case.proof.argument


# ---------------------------------------------------------------- bytes
class Recorder(Reader):
    """Notes every message of an argument: (kind, first byte, size)."""

    log: list[tuple[str, int, int]]

    def message(self, kind: str, size: int) -> bytes:
        self.log.append((kind, self.at, size))
        return super().message(kind, size)


def messages(case: cases.Case, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    log: list[tuple[str, int, int]] = []

    def make(argument: bytes) -> Recorder:
        reader = Recorder(argument)
        reader.log = log
        return reader

    monkeypatch.setattr(sys.modules["tacit.reference.verify"], "Reader", make)
    case.verify()
    monkeypatch.undo()
    return log


# A change before the positions are drawn mostly shows in the grinding or, without it, in the openings at new places.
EARLY = {"grinding", "merkle", "truncated", "non_canonical", "trailing_bytes"}
GUARDS = {
    "nonce": EARLY,
    "opening": {"merkle", "non_canonical"},
    "final": EARLY | {"last_query"},
}


@pytest.mark.parametrize("name", CASES)
def test_every_message_is_bound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.honest(name)
    argument = case.proof.argument
    log = messages(case, monkeypatch)
    assert sum(size for _, _, size in log) == len(argument)
    many = [entry for entry in log if entry[0] == "round"]
    log = [entry for entry in log if entry not in many[3:-3]]  # all rounds are alike
    for kind, at, size in log:
        for place in {at, at + size - 1}:
            changed = bytearray(argument)
            changed[place] ^= 1
            slug = slug_of(lambda data=bytes(changed): case.verify(argument=data))
            assert slug in GUARDS.get(kind, EARLY), (kind, place - at, slug)


def test_opening_change_is_a_merkle_error_without_grinding(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.honest("links")
    for kind, at, size in messages(case, monkeypatch):
        if kind == "opening":
            for place in range(at, at + size, 97):
                changed = bytearray(case.proof.argument)
                changed[place] ^= 1
                assert slug_of(lambda data=bytes(changed): case.verify(argument=data)) == "merkle"


def test_truncated_and_trailing() -> None:
    case = cases.honest("mixed")
    argument = case.proof.argument
    for end in {0, 31, 32, 33, len(argument) // 2, len(argument) - 1}:
        assert slug_of(lambda data=argument[:end]: case.verify(argument=data)) == "truncated"
    assert slug_of(lambda: case.verify(argument=argument + b"\0")) == "trailing_bytes"


def test_non_canonical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing any element by p or more is refused where it is read, before anything else."""
    case = cases.honest("mixed")
    for kind, at, size in messages(case, monkeypatch):
        if kind in ("witness", "root", "nonce"):
            continue
        places = [at] if kind == "opening" else [at, at + size - 8]
        for place in places:
            changed = bytearray(case.proof.argument)
            changed[place : place + 8] = P.to_bytes(8, "big")
            with pytest.raises(Refused) as caught:
                case.verify(argument=bytes(changed))
            assert caught.value.slug == "non_canonical", kind


# ---------------------------------------------------------------- the statement
def test_another_statement() -> None:
    case = cases.honest("links")  # no grinding: nothing but the transcript protects it
    assert slug_of(lambda: case.verify(context=b"replayed")) in EARLY
    publics = case.arguments["publics"]
    publics[1][0] += 1
    assert slug_of(lambda: case.verify(publics=publics)) in EARLY


def test_another_program() -> None:
    case = cases.honest("linear")
    from tacit.reference import encode_program

    renamed = replace(case.program, name="another")
    assert slug_of(lambda: case.verify(program_bytes=encode_program(renamed))) in EARLY
    hintless = replace(case.program, hints=())
    assert slug_of(lambda: case.verify(program_bytes=encode_program(hintless))) in EARLY


def test_another_commitment_of_the_same_values() -> None:
    case = cases.honest("linear")
    other = commit_slab(case.program, 0, case.run.values, case.geometry, Random(b"other"), max_fold=6)
    from tacit.reference.commitment import COMMITMENT_CODEC

    commitments = {**case.arguments["commitments"], "model": COMMITMENT_CODEC.write(other.commitment)}
    assert slug_of(lambda: case.verify(commitments=commitments)) in EARLY


# ---------------------------------------------------------------- lies
def lie(name: str, *, spoil=None, cheat=None, geometry=None, **options) -> cases.Case:
    program = cases.honest(name).program
    geometry = geometry or cases.honest(name).geometry
    options = {"max_fold": 6 if name == "linear" else 7, **options}
    return cases.prove_case(program, geometry, programs.values_for(program), spoil=spoil, cheat=cheat, **options)


def change(tensor: str, at: int, by: int):
    def spoil(run: Execution) -> None:
        index = [t.name for t in run.program.tensors].index(tensor)
        run.values[index] = [v + by * (i == at) for i, v in enumerate(run.values[index])]

    return spoil


SPOILED = {
    "relu output": ("mixed", change("a", 2, 1)),
    "remainder out of range": ("mixed", change("r", 1, 4)),
    "public einsum output": ("mixed", change("norm out", 0, 1)),
    "output with a public operand": ("mixed", change("y", 3, -1)),
    "output of public operands": ("mixed", change("gram out", 4, 1)),
    "batch einsum": ("mixed", change("scaled out", 0, 2)),
    "affine output": ("linear", change("y", 3, 1)),
    "link output": ("links", change("patches", 0, 1)),
    "merged output": ("links", change("merge", 11, 1)),
    "maximum too large": ("public_model", change("top", 0, 1)),
    "one-hot elsewhere": ("public_model", change("hot", 1, 1)),
    "quotient": ("public_model", change("q", 1, 1)),
    "table output": ("public_model", change("f", 0, 1)),
    "sign": ("public_model", change("pos", 3, 1)),
}


@pytest.mark.parametrize("name", SPOILED)
def test_false_values(name: str) -> None:
    """A prover with a false trace who does everything else right fails at the end, and only there."""
    program, spoil = SPOILED[name]
    case = lie(program, spoil=spoil)
    assert case.run.check()
    assert false_claims(case)
    assert slug_of(case.verify) == "final_claim"


def test_multiplicities() -> None:
    def miscount(run: Execution) -> None:
        count = run.count
        tables = len(run.program.tensors)

        def wrong() -> None:
            count()
            run.values[tables] = [run.values[tables][0] + 1, *run.values[tables][1:]]

        run.count = wrong

    case = lie("mixed", spoil=miscount)
    assert case.run.check() == []
    assert false_claims(case) == ["logup layer 0"]
    assert slug_of(case.verify) == "final_claim"


def bump(v):
    return add(v, (1, 0, 0))


STEPS = {
    "product 1": ["products", "logup layer 0"],
    "product 5": ["products"],
    "inverse": ["products"],
    "products": ["products a"],
}


@pytest.mark.parametrize("step", STEPS)
def test_false_steps(step: str) -> None:
    case = lie("mixed", cheat={step: bump})
    assert set(STEPS[step]) <= set(false_claims(case))
    assert slug_of(case.verify) == "final_claim"


@pytest.mark.parametrize("step", ["S", "mu", "ood"])
def test_false_opening_steps(step: str) -> None:
    case = lie("mixed", cheat={step: bump})
    assert false_claims(case) == []
    assert slug_of(case.verify) == "final_claim"


def test_other_vector_than_committed() -> None:
    """h changed where <h, W> stays what it was would need W; any other change fails the queries or the claim."""
    case = lie("mixed", cheat={"h": lambda h: [bump(h[0]), *h[1:]]})
    assert slug_of(case.verify) == "final_claim"


def test_final_vector() -> None:
    case = lie("mixed", cheat={"final": lambda v: [bump(v[0]), *v[1:]]})
    assert slug_of(case.verify) == "last_query"


def test_grinding() -> None:
    case = lie("mixed", cheat={"grind": None})
    assert slug_of(case.verify) == "grinding"


def test_witness_code_that_is_none() -> None:
    """A witness code word with errors everywhere: the queries see it."""
    noise = Random(b"noise")

    def spoil_codes(codes: list[list[int]]) -> list[list[int]]:
        return [noise.f(len(codes[0])), *codes[1:]]

    case = lie("mixed", cheat={"witness codes": spoil_codes})
    assert slug_of(case.verify) == "final_claim"


def test_wrong_y() -> None:
    """A y that is not the binding claim's value: the slab is refused in every proof."""
    honest = cases.honest("mixed")
    slab = honest.slabs["model"]
    y = lift(1)
    commitment = replace(slab.commitment, y=b"".join(c.to_bytes(8, "big") for c in y))
    slabs = {**honest.slabs, "model": replace(slab, commitment=commitment)}
    given = programs.values_for(honest.program)
    case = cases.prove_case(honest.program, honest.geometry, given, slabs=slabs)
    assert false_claims(case) == []
    assert slug_of(case.verify) == "final_claim"


def test_other_slab_cells_than_committed() -> None:
    """An inference over other weights than those of the commitment."""
    honest = cases.honest("linear")
    given = programs.values_for(honest.program, 9)
    case = cases.prove_case(honest.program, honest.geometry, given, slabs=honest.slabs)
    assert false_claims(case)
    assert slug_of(case.verify) == "final_claim"


def test_validity_of_values_outside() -> None:
    honest = cases.honest("linear")
    given = programs.values_for(honest.program)
    given["W"] = [128, *given["W"][1:]]
    case = cases.prove_case(honest.program, honest.geometry, given, max_fold=7)
    case.verify()  # the statement itself rests on the validity proof
    validity = cases.validity_case(case, 0)
    assert validity.run.check() == ["lookup W"]
    assert slug_of(validity.verify) == "final_claim"


def test_padding_of_the_witness_does_not_matter() -> None:
    """Cells outside valid indices occur in no form: whatever they hold, the proof is accepted."""
    import toy.prover as prover

    original = prover.place_cells

    def noisy(program, slab, values, size):
        cells = original(program, slab, values, size)
        where = layout(program, slab)
        used = set()
        for tensor in where.order:
            shape = program.shape_of(tensor)
            ok = block(shape, [1] * len(values[tensor]))
            used |= {where.offsets[tensor] + i for i, v in enumerate(ok) if v}
        return [c if i in used or i >= where.cells else c + 12345 for i, c in enumerate(cells)]

    prover.place_cells = noisy
    try:
        case = lie("mixed")
    finally:
        prover.place_cells = original
    assert case.proof.argument != cases.honest("mixed").proof.argument
    case.verify()


def test_units() -> None:
    assert mul(UNITS[1], UNITS[2]) == (1, 1, 0)  # u^3 = u + 1
    assert mul(UNITS[2], UNITS[2]) == (0, 1, 1)  # u^4 = u^2 + u
