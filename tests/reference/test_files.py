"""Container files: round trips, every guard of section 8, validity included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import pytest
from toy import cases

from tacit.reference import Refused, borsh, digest, verify_files
from tacit.reference.files import (
    COMMITMENT_FILE,
    PROGRAM_FILE,
    PROOF_FILE,
    CommitmentFile,
    Kind,
    ProgramFile,
    ProofFile,
    unwrap,
    wrap,
)
from tacit.reference.program import InSlab
from tacit.reference.validity import VALIDITY_CONTEXT, validity_program


@dataclass
class Files:
    program: ProgramFile
    proof: ProofFile
    commitments: list[CommitmentFile]
    context: bytes

    def verify(self) -> None:
        verify_files(
            wrap(Kind.PROGRAM, PROGRAM_FILE.write(self.program)),
            wrap(Kind.PROOF, PROOF_FILE.write(self.proof)),
            [wrap(Kind.COMMITMENT, COMMITMENT_FILE.write(c)) for c in self.commitments],
            self.context,
            0,
        )


@lru_cache(None)
def made(name: str) -> Files:
    case = cases.honest(name)
    arguments = case.arguments
    commitments = []
    for i, slab in enumerate(case.program.slabs):
        validity = cases.validity_case(case, i).proof.argument if slab.private else b""
        tensors = tuple(cases.slab_tensors(case.program, i))
        commitments.append(CommitmentFile(slab.name, tensors, case.slabs[slab.name].commitment, validity))
    program = ProgramFile(arguments["program_bytes"], case.geometry, 1, '{"note": "a toy"}')
    publics = tuple(tuple(x) for x in case.proof.publics)
    identities = tuple(commitment.commitment.identity for commitment in commitments)
    proof = ProofFile(digest(program.program), identities, publics, case.proof.argument)
    return Files(program, proof, commitments, case.context)


def refused(files: Files) -> Refused:
    with pytest.raises(Refused) as caught:
        files.verify()
    return caught.value


@pytest.mark.parametrize("name", ["linear", "public_model", "wide"])
def test_accepted(name: str) -> None:
    made(name).verify()


def test_container() -> None:
    files = made("linear")
    good = wrap(Kind.PROOF, PROOF_FILE.write(files.proof))
    program = wrap(Kind.PROGRAM, PROGRAM_FILE.write(files.program))
    wrong = {
        "magic": b"tacit" + good[5:],
        "file_kind": program,
        "version": good[:7] + b"\2" + good[8:],
        "checksum": good[:50] + bytes([good[50] ^ 1]) + good[51:],
        "truncated": good[:20],
        "encoding": wrap(Kind.PROOF, PROOF_FILE.write(files.proof) + b"\0"),
    }
    for slug, data in wrong.items():
        with pytest.raises(Refused) as caught:
            verify_files(program, data, [], b"", 0)
        assert caught.value.slug == slug


def test_short_files() -> None:
    """Kind and version are judged before the length of the rest; an empty body is a matter of its encoding."""
    good = wrap(Kind.PROOF, b"")
    assert len(good) == 40
    other = wrap(Kind.PROGRAM, b"")
    answers = {
        b"": "truncated",
        b"other": "truncated",
        b"others": "magic",
        good[:6]: "truncated",
        good[:7]: "truncated",
        other[:7]: "truncated",
        other[:8]: "file_kind",
        good[:7] + b"\2": "version",
        good[:8]: "truncated",
        good[:39]: "truncated",
        good: "encoding",
    }
    for data, slug in answers.items():
        with pytest.raises(Refused) as caught:
            borsh.decode(PROOF_FILE, unwrap(Kind.PROOF, data), "proof file")
        assert caught.value.slug == slug, data


def test_empty_argument() -> None:
    files = made("linear")
    assert refused(replace(files, proof=replace(files.proof, argument=b""))).slug == "truncated"


def test_commitment_files_of_a_wrong_kind() -> None:
    files = made("linear")
    program = wrap(Kind.PROGRAM, PROGRAM_FILE.write(files.program))
    proof = wrap(Kind.PROOF, PROOF_FILE.write(files.proof))
    with pytest.raises(Refused, match="file_kind"):
        verify_files(program, proof, [proof], files.context, 0)


def test_proof_for_another_program() -> None:
    files = made("linear")
    other = replace(files, proof=replace(files.proof, program=bytes(32)))
    assert refused(other).slug == "program"


def test_commitment_twice_or_missing() -> None:
    files = made("linear")
    assert refused(replace(files, commitments=[*files.commitments, files.commitments[0]])).slug == "commitments"
    assert refused(replace(files, commitments=files.commitments[:1])).slug == "commitments"


def test_tensors_that_are_not_the_headers() -> None:
    files = made("linear")
    first, second = files.commitments
    name, shape, lo, hi = first.tensors[0]
    wider = replace(first, tensors=((name, shape, lo, hi + 1), *first.tensors[1:]))
    assert refused(replace(files, commitments=[wider, second])).slug == "schema"
    swapped = replace(first, tensors=first.tensors[::-1])
    assert refused(replace(files, commitments=[swapped, second])).slug == "schema"


def test_validity_arguments() -> None:
    files = made("linear")
    first, second = files.commitments
    wrong = {
        "missing": replace(first, validity=b""),
        "of another slab": replace(first, validity=second.validity),
        "cut": replace(first, validity=first.validity[:-1]),
        "longer": replace(first, validity=first.validity + b"\0"),
        "of another commitment": replace(first, commitment=replace(first.commitment, root=bytes(32))),
        "under another name": replace(first, slab="data2"),
    }
    for commitment in wrong.values():
        assert refused(replace(files, commitments=[commitment, second])).slug == "validity"


def test_public_slab_has_no_validity_argument() -> None:
    files = made("public_model")
    model, data = files.commitments
    assert refused(replace(files, commitments=[replace(model, validity=b"x"), data])).slug == "validity"


def test_context() -> None:
    files = made("linear")
    assert refused(replace(files, context=b"another")).slug in {"grinding", "merkle", "truncated", "non_canonical"}


def test_a_proof_names_its_commitments() -> None:
    files = made("linear")
    (first, second), names = files.proof.slabs, [slab.slab for slab in files.commitments]
    for slabs, place in (
        ((second, first), f"commitment {names[0]}"),
        ((first, bytes(32)), f"commitment {names[1]}"),
        ((first,), "proof file"),
        ((), "proof file"),
    ):
        found = refused(replace(files, proof=replace(files.proof, slabs=slabs)))
        assert (found.slug, found.place) == ("commitments", place)


def test_a_commitment_stands_where_it_is_given() -> None:
    """Its file says under which name its validity was proven; the caller says for which of the program's slabs it is."""
    files = made("mixed")
    model, data = files.commitments
    named = replace(model, slab="next")
    program, proof = (
        wrap(Kind.PROGRAM, PROGRAM_FILE.write(files.program)),
        wrap(Kind.PROOF, PROOF_FILE.write(files.proof)),
    )

    def verify(given: dict[str, CommitmentFile]) -> str:
        raw = {role: wrap(Kind.COMMITMENT, COMMITMENT_FILE.write(file)) for role, file in given.items()}
        try:
            verify_files(program, proof, raw, files.context, 0)
        except Refused as refused:
            return refused.slug
        return "accepted"

    assert verify({"model": model, "data": data}) == "accepted"
    # Another name is another validity program.
    assert verify({"model": named, "data": data}) == "validity"
    case = cases.honest("mixed")
    program_of_next = validity_program("next", cases.slab_tensors(case.program, 0))
    given = {t.name: case.run.values[i] for i, t in enumerate(case.program.tensors) if t.place == InSlab(0)}
    slabs = {"next": case.slabs["model"]}
    validity = cases.prove_case(program_of_next, case.geometry, given, b"next", VALIDITY_CONTEXT, slabs=slabs)
    named = replace(named, validity=validity.proof.argument)
    assert verify({"model": named, "data": data}) == "accepted"
    assert verify({"next": named, "data": data}) == "commitments"
    assert verify({"model": data, "data": named}) == "commitments"
