"""A proof of another statement: the refusal says which part of it differs, and both verifiers say the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from trained_networks import Case

import tacit
from tacit.errors import InvalidProof
from tacit.reference.borsh import decode
from tacit.reference.errors import Refused
from tacit.reference.files import PROOF_FILE, Kind, unwrap, verify_files, wrap

Cases = Callable[..., Case]
#: An argument that is bound to another statement, or was changed.
UNBOUND = {"grinding", "merkle", "truncated", "non_canonical", "last_query", "final_claim"}


@dataclasses.dataclass(frozen=True)
class Made:
    """A proof and everything that it is about."""

    case: Case
    proof: bytes
    commitments: dict[str, tacit.Commitment]
    context: bytes = b"order 1"

    def answer(
        self, proof: bytes | None = None, context: bytes | None = None, **commitments: tacit.Commitment
    ) -> InvalidProof:
        """The refusal; the second verifier's has its slug and its place."""
        program, given = self.case.program, {**self.commitments, **commitments}
        data, bound = self.proof if proof is None else proof, self.context if context is None else context
        with pytest.raises(InvalidProof) as refused:
            tacit.verify(program, data, context=bound, **given)
        files = [commitment._native.to_file() for name, commitment in given.items() if name != "rotation"]
        if "rotation" in given:
            files = [given["rotation"]._native.to_file()]
        with pytest.raises(Refused) as again:
            verify_files(program._native.to_file(), data, files, bound)
        assert (again.value.slug, again.value.place) == (refused.value.slug, refused.value.place)
        assert refused.value.remedy
        return refused.value

    def changed(self, **fields: Any) -> bytes:
        """The proof's file with other fields and a fresh checksum."""
        body = decode(PROOF_FILE, unwrap(Kind.PROOF, self.proof), "file")
        return wrap(Kind.PROOF, PROOF_FILE.write(dataclasses.replace(body, **fields)))

    @property
    def publics(self) -> list[list[int]]:
        return [list(p) for p in decode(PROOF_FILE, unwrap(Kind.PROOF, self.proof), "file").publics]


@pytest.fixture(scope="module")
def made(case: Cases) -> Made:
    small = case(input="public")
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs, context=b"order 1")
    return Made(small, proof.data, {"model": secret.commitment})


def left(answers: Iterable[InvalidProof], place: str) -> None:
    """What is left when program and commitments are right. The nonce fits by chance, once in 2^14 or so: then others follow."""
    found = list(answers)
    assert {error.slug for error in found} <= UNBOUND
    named = [error for error in found if error.slug == "grinding"]
    assert len(named) >= len(found) - 1
    for error in named:
        assert error.place == place
        assert error.reason.startswith(f"expected a proof bound to the given {place}, got one bound to another")
    assert all("program and commitments are those that the proof was made with" in error.remedy for error in found)


def test_another_context(made: Made, case: Cases) -> None:
    left((made.answer(context=c) for c in (b"", b"order 2", b"order 1\0")), "context or public values")
    hidden = case(input="committed", outputs="committed")
    model, data = hidden.commit(), tacit.commit_data(hidden.program, hidden.inputs)
    proof = tacit.prove(hidden.program, model, data=data, context=b"order 1")
    assert proof.output is not None
    commitments = {"model": model.commitment, "data": data.commitment, "output": proof.output.commitment}
    silent = Made(hidden, proof.data, commitments)
    assert silent.publics == []
    left((silent.answer(context=c) for c in (b"", b"order 2", b"order 1\0")), "context")
    for name, other in (
        ("model", hidden.commit()),
        ("data", tacit.commit_data(hidden.program, hidden.inputs)),
        ("output", tacit.prove(hidden.program, model, data=data).output),
    ):
        assert other is not None
        names_commitments(silent.answer(**{name: other.commitment}), name, other.commitment, commitments[name])


def names_commitments(error: InvalidProof, role: str, given: tacit.Commitment, used: tacit.Commitment) -> None:
    assert (error.slug, error.place) == ("commitments", f"commitment {role}")
    assert error.reason == (
        f"expected a proof made with commitment {given.identity[:16]}, got one made with {used.identity[:16]}"
    )


def test_other_weights_of_the_same_architecture(made: Made) -> None:
    program, weights = made.case.program, made.case.weights
    name = next(iter(weights.tensors))
    changed = weights.tensors[name].copy()
    changed.reshape(-1)[0] += 1 if changed.reshape(-1)[0] <= 0 else -1
    other = tacit.Weights(program.digest, weights.role, {**weights.tensors, name: changed})
    for given in (tacit.commit_model(program, other).commitment, made.case.commit().commitment):
        names_commitments(made.answer(model=given), "model", given, made.commitments["model"])


def test_a_child_without_its_link(made: Made) -> None:
    program = made.case.program
    master = tacit.commit_model(program, made.case.weights, children=2)
    child, sibling = master.rotate(), master.rotate()
    proof = tacit.prove(program, child, made.case.inputs, context=b"order 1").data
    tacit.verify(program, proof, model=master.commitment, rotation=child.commitment, context=b"order 1")
    error = made.answer(proof, model=master.commitment)
    names_commitments(error, "model", master.commitment, child.commitment)
    assert "for a child, its master and the option link" in error.remedy
    error = made.answer(proof, model=master.commitment, rotation=sibling.commitment)
    names_commitments(error, "model", sibling.commitment, child.commitment)


def test_another_program(made: Made, case: Cases) -> None:
    for other in (case(), case(batch=2, input="public"), case(input="public", outputs="committed")):
        error = Made(other, made.proof, made.commitments).answer()
        assert (error.slug, error.place) == ("program", "program")
        assert error.reason == (
            f"expected a proof of program {other.program.digest[:16]}, "
            f"got one of program {made.case.program.digest[:16]}"
        )


@pytest.mark.parametrize("which", [0, 1])
def test_a_changed_public_value(made: Made, which: int) -> None:
    assert len(made.publics) == 2  # the input and the output

    def answers() -> Iterable[InvalidProof]:
        for step in (1, -1, 2):
            publics = made.publics
            publics[which][0] += step
            yield made.answer(made.changed(publics=publics))

    left(answers(), "context or public values")


def test_names_alone_convince_nobody(made: Made) -> None:
    """A file that names what the verifier holds, over an argument about something else."""
    other = made.case.commit().commitment
    claims = made.changed(slabs=[bytes.fromhex(other.identity)])
    error = made.answer(claims, model=other)
    assert error.slug in UNBOUND
    # And a right argument under wrong names is refused: the file of a proof is one, whoever passes it on.
    names = made.answer(claims)
    names_commitments(names, "model", made.commitments["model"], other)
    for commitments in ([], [bytes(32)] * 2):
        error = made.answer(made.changed(slabs=commitments))
        assert (error.slug, error.place) == ("commitments", "proof file")
