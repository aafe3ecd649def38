"""Programs of one deployment: what one of them commits to, another one opens; integers in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import steps
from steps import BASE, RECORDS, committed, deployment

import tacit
from tacit import _native
from tacit.api import integers
from tacit.errors import AllowanceExceeded, InputError, InvalidProof, ProgramError, TacitError

SECURITY = 100
MOVED = np.array([[1, 0, -1], [1, 1, 0]])
X = np.array([1, 2, 3])
DATA = np.arange(RECORDS) % 16 - 8


def refusal(kind: type[TacitError], call, *arguments, **options) -> TacitError:
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.fixture(scope="module")
def secrets() -> dict[str, tacit.Secret]:
    values = {"base": BASE, "data": DATA, "next": BASE - MOVED}
    return {role: committed(role, each) for role, each in values.items()}


def public(of: dict[str, tacit.Secret]) -> dict[str, tacit.Commitment]:
    return {role: secret.commitment for role, secret in of.items()}


@pytest.fixture(scope="module")
def proof(secrets: dict[str, tacit.Secret]) -> tacit.Proof:
    return integers.prove_file(deployment()[0], secrets, {"/W": MOVED}, b"round 1")


def test_one_geometry_for_all() -> None:
    train, infer = deployment()
    assert train._native.geometry() == infer._native.geometry()
    assert train.soundness["bits"] >= SECURITY
    assert infer.soundness["bits"] >= SECURITY
    (alone,) = integers.deploy([steps.answer().encode()], proofs=4, security=SECURITY)
    assert alone._native.geometry() == _native.derive([steps.answer().encode()], 4, SECURITY, "balanced")
    assert alone._native.geometry() != infer._native.geometry()


def test_notes_and_architectures_are_a_programs_own() -> None:
    programs = [steps.answer().encode()] * 2
    made = integers.deploy(programs, proofs=2, security=SECURITY, notes={1: {"a": 1}})
    assert [program.notes for program in made] == [{}, {"a": 1}]
    foreign = {"proofs": 2, "architectures": {0: b"layers"}}
    assert refusal(InvalidProof, integers.deploy, programs, **foreign).slug == "architecture"
    assert refusal(InputError, integers.deploy, programs, proofs=0).slug == "proofs"
    assert refusal(InputError, integers.deploy, programs, proofs=2, security=99).slug == "security"
    assert refusal(InputError, integers.deploy, programs, proofs=2, optimize="best").slug == "optimize"
    assert refusal(ProgramError, integers.deploy, [], proofs=2).slug == "geometry"
    assert refusal(ProgramError, integers.deploy, [*programs, b"no program"], proofs=2).slug == "encoding"


def test_what_training_makes_is_what_inference_opens(
    secrets: dict[str, tacit.Secret], proof: tacit.Proof, tmp_path: Path
) -> None:
    train, infer = deployment()
    found = integers.verify_file(train, proof, public(secrets), b"round 1", SECURITY)
    assert found.identities == {role: secret.commitment.identity for role, secret in secrets.items()}
    assert found.publics["/W"].tolist() == MOVED.ravel().tolist()
    assert found.security >= SECURITY
    path, following = tmp_path / "next.secret", committed("next", BASE - MOVED)
    following.save(path)
    del following  # one object at a time counts
    following = tacit.Secret.load(path)
    assert following.role == "next"
    answered = tacit.prove(infer, following, X)
    commitment = tacit.Commitment.from_bytes(following.commitment.to_bytes())
    said = tacit.verify(infer, answered, model=commitment, security=SECURITY)
    assert said.outputs["y"].tolist() == ((BASE - MOVED) @ X).tolist()
    assert said.digests["model"] == commitment.identity
    assert tacit.run(infer, following, X).integers["y"].tolist() == ((BASE - MOVED) @ X).tolist()
    error = refusal(InvalidProof, tacit.verify, infer, answered, model=secrets["base"].commitment, security=SECURITY)
    assert (error.slug, error.place) == ("commitments", "commitment model")


def test_further_roles_of_the_calls_on_real_values(secrets: dict[str, tacit.Secret]) -> None:
    train, _ = deployment()
    others = {"base": secrets["base"], "next": secrets["next"]}
    made = tacit.prove(train, None, MOVED, data=secrets["data"], commitments=others, context=b"2")
    shown = {role: secret.commitment for role, secret in others.items()}
    data = secrets["data"].commitment
    said = tacit.verify(train, made, data=data, commitments=shown, context=b"2", security=SECURITY)
    assert said.inputs["c"].tolist() == MOVED.tolist()
    assert set(said.digests) == {"program", "base", "data", "next"}
    error = refusal(InvalidProof, tacit.verify, train, made, data=data, context=b"2", security=SECURITY)
    assert (error.slug, error.place) == ("commitments", "base")
    error = refusal(InputError, tacit.prove, train, None, MOVED, data=secrets["data"])
    assert (error.slug, error.place) == ("commitments", "base")
    error = refusal(InputError, tacit.prove, train, None, MOVED, commitments=secrets)
    assert (error.slug, error.place) == ("commitments", "data")
    extra = {**others, "other": secrets["base"]}
    error = refusal(InputError, tacit.prove, train, None, MOVED, data=secrets["data"], commitments=extra)
    assert (error.slug, error.place) == ("commitments", "other")
    assert refusal(InputError, tacit.prove, train, None, MOVED, commitments={"base": b""}).slug == "type"
    assert refusal(InputError, tacit.prove, train, None, MOVED, commitments=[1]).slug == "type"
    verify = {"data": data, "context": b"2", "security": SECURITY}
    error = refusal(InvalidProof, tacit.verify, train, made, commitments={**shown, "x": data}, **verify)
    assert (error.slug, error.place) == ("commitments", "x")
    assert refusal(InputError, tacit.verify, train, made, commitments={**shown, "data": data}, **verify).place == "data"


def test_a_rotation_of_a_commitment_that_stands_elsewhere() -> None:
    """A child of a master that training made, as the model of an answer: its role is "next"."""
    _, infer = deployment()
    master = committed("next", BASE, children=2)
    child = master.rotate(2)
    made = tacit.prove(infer, child, X)
    said = tacit.verify(infer, made, model=master.commitment, rotation=child.commitment, security=SECURITY)
    assert said.digests["model"] == child.commitment.identity
    assert said.digests["master of model"] == master.commitment.identity
    other = committed("next", BASE, children=1)
    error = refusal(
        InvalidProof,
        tacit.verify,
        infer,
        made,
        model=other.commitment,
        rotation=child.commitment,
        security=SECURITY,
    )
    assert error.slug in {"rotation", "commitments"}
    renewed = committed("next", BASE).renew()
    made = tacit.prove(infer, renewed, X)
    tacit.verify(infer, made, model=renewed.commitment, security=SECURITY)


def test_a_child_under_the_geometry_of_another_program() -> None:
    train, infer = deployment()
    master = committed("next", BASE, children=2)
    (alone,) = integers.deploy([steps.answer().encode()], proofs=4, security=SECURITY)
    child = master.rotate(2, program=alone)
    made = tacit.prove(alone, child, X)
    said = tacit.verify(alone, made, model=master.commitment, rotation=child.commitment, security=SECURITY)
    assert said.outputs["y"].tolist() == (BASE @ X).tolist()
    assert said.digests["master of model"] == master.commitment.identity
    assert refusal(InputError, tacit.prove, infer, child, X).slug == "header"
    assert refusal(InputError, master.rotate, program=alone, others=[infer]).slug == "geometry"
    assert refusal(InputError, master.rotate, others=[infer]).slug == "missing"
    assert refusal(InputError, master.rotate, program=b"").slug == "type"
    (narrow,) = integers.deploy([steps.answer(lo=-4).encode()], proofs=2, security=SECURITY)
    assert refusal(InputError, master.rotate, program=narrow).slug == "header"
    assert master.children == 1
    assert tacit.prove(train, None, MOVED, data=committed("data", DATA), commitments={
        "base": master.rotate(1, program=train, others=[infer]), "next": committed("next", BASE - MOVED)
    }).data  # fmt: skip


def test_a_schema_that_differs_is_named(secrets: dict[str, tacit.Secret]) -> None:
    (narrow,) = integers.deploy([steps.answer(lo=-4).encode()], proofs=2, security=SECURITY)
    error = refusal(InputError, tacit.prove, narrow, secrets["next"], X)
    assert (error.slug, error.place) == ("commitments", "model")
    assert error.reason == "expected a secret of model, got one of next"
    assert "expected W of shape [2, 3] in [-4, 7], got W of shape [2, 3] in [-8, 7]" in error.remedy
    own = integers.commit(narrow, "model", {"W": BASE})
    made = tacit.prove(narrow, own, X)
    error = refusal(InvalidProof, tacit.verify, narrow, made, model=secrets["next"].commitment, security=SECURITY)
    assert (error.slug, error.place) == ("commitments", "model")
    assert "in [-4, 7], got" in error.remedy
    _, infer = deployment()
    error = refusal(InputError, tacit.prove, infer, own, X)
    assert (error.slug, error.place) == ("header", "commitment model")
    assert "expected W of shape [2, 3] in [-8, 7], got W of shape [2, 3] in [-4, 7]" in error.reason
    error = refusal(InvalidProof, tacit.verify, infer, made, model=own.commitment, security=SECURITY)
    assert error.slug == "program"
    answered = tacit.prove(infer, secrets["next"], X)
    error = refusal(InvalidProof, tacit.verify, infer, answered, model=own.commitment, security=SECURITY)
    assert (error.slug, error.place) == ("schema", "model")
    assert "in [-4, 7]" in error.reason
    error = refusal(InvalidProof, tacit.verify, infer, answered, model=secrets["data"].commitment, security=SECURITY)
    assert (error.slug, error.place) == ("commitments", "model")


def test_one_commitment_for_two_slabs_is_refused(secrets: dict[str, tacit.Secret]) -> None:
    """Base and next are one where nothing moved: nothing is spent."""
    train, _ = deployment()
    left = {role: secret.remaining for role, secret in secrets.items()}
    twice = {**secrets, "next": secrets["base"]}
    error = refusal(InputError, integers.prove, train, twice, {"/W": 0 * MOVED})
    assert (error.slug, error.place) == ("commitments", "commitment next")
    assert left == {role: secret.remaining for role, secret in secrets.items()}


def test_public_tensors_that_the_verifier_knows(secrets: dict[str, tacit.Secret], proof: tacit.Proof) -> None:
    train, _ = deployment()
    commitments = public(secrets)
    bare = integers.prove(train, secrets, {"/W": MOVED}, b"round 1")
    assert proof.data.count(bare[-100:]) == 0, "another proof of the same"

    def verify(publics: dict[str, np.ndarray], context: bytes = b"round 1", **changes: tacit.Commitment):
        return integers.verify(train, bare, {**commitments, **changes}, publics, context, SECURITY)

    assert verify({"/W": MOVED}).identities["next"] == commitments["next"].identity
    assert refusal(InvalidProof, verify, {"/W": MOVED}, b"round 2").slug == "grinding"
    assert refusal(InvalidProof, verify, {"/W": 0 * MOVED}).slug == "grinding"
    assert refusal(InvalidProof, verify, {"/W": 2 * MOVED}).slug == "public_interval"
    assert refusal(InvalidProof, verify, {"/W": MOVED[:1]}).slug == "public_shape"
    assert refusal(InvalidProof, verify, {"/W": MOVED}, next=commitments["base"]).slug == "commitments"
    error = refusal(InputError, verify, {})
    assert (error.slug, error.place) == ("public_shape", "/W")
    assert refusal(InputError, verify, {"/W": MOVED, "copy": DATA}).slug == "public_shape"
    error = refusal(InputError, verify, {"W": MOVED})
    assert (error.slug, error.place) == ("tensor", "W")
    assert "slab/name" in error.remedy
    missing = {role: one for role, one in commitments.items() if role != "data"}
    call = integers.verify
    error = refusal(InvalidProof, call, train, bare, missing, {"/W": MOVED}, b"round 1", SECURITY)
    assert (error.slug, error.place) == ("commitments", "data")
    more = {**commitments, "model": commitments["base"]}
    error = refusal(InvalidProof, call, train, bare, more, {"/W": MOVED}, b"round 1", SECURITY)
    assert (error.slug, error.place) == ("commitments", "model")
    assert refusal(InvalidProof, integers.verify_file, train, b"no proof", commitments).slug == "magic"
    other = integers.deploy([steps.answer().encode()], proofs=2, security=SECURITY)[0]
    assert refusal(InvalidProof, integers.verify_file, other, proof, {}).slug == "program"


def test_values_without_a_proof_are_counted() -> None:
    """Next is not what the step makes of base: a refusal of every secret, as in `tacit.prove`, and no proof is spent."""
    train, _ = deployment()
    own = {"base": committed("base", BASE), "data": committed("data", DATA), "next": committed("next", BASE)}
    before = [(secret.remaining, secret.remaining_refusals) for secret in own.values()]
    error = refusal(InputError, integers.prove, train, own, {"/W": MOVED}, detail=True)
    assert error.slug == "execution"
    assert error.details["hidden"]["where"] == "zero update"
    after = [(secret.remaining, secret.remaining_refusals) for secret in own.values()]
    assert after == [(left, refusals - 1) for left, refusals in before]
    # The verifier could see that this is none: it is not counted.
    assert refusal(InputError, integers.prove, train, own, {"/W": 2 * MOVED}).slug == "execution"
    assert after == [(secret.remaining, secret.remaining_refusals) for secret in own.values()]


def test_a_commitment_for_one_program_is_too_short_for_another() -> None:
    train, infer = deployment()
    small = integers.commit(infer, "model", {"W": BASE})
    own = {"base": small, "data": committed("data", DATA), "next": committed("next", BASE - MOVED)}
    error = refusal(InputError, integers.prove, train, own, {"/W": MOVED})
    assert (error.slug, error.place) == ("header", "commitment base: header, max_fold")
    own["base"] = integers.commit(infer, "model", {"W": BASE}, others=[train])
    made = integers.prove_file(train, own, {"/W": MOVED})
    integers.verify_file(train, made, public(own), security=SECURITY)
    (alone,) = integers.deploy([steps.answer().encode()], proofs=4, security=SECURITY)
    error = refusal(InputError, integers.commit, alone, "model", {"W": BASE}, others=[train])
    assert (error.slug, error.place) == ("geometry", "model: step")


def test_limits_of_a_commitment() -> None:
    train, _ = deployment()
    commit = integers.commit
    assert refusal(InputError, commit, train, "base", {"W": BASE}, proofs=5).slug == "proofs"
    assert refusal(InputError, commit, train, "base", {"W": BASE}, proofs=2, children=2).slug == "children"
    assert refusal(InputError, commit, train, "base", {"W": BASE + 100}).slug == "range"
    assert refusal(InputError, commit, train, "base", {"W": BASE * 1.0}).slug == "dtype"
    assert refusal(InputError, commit, train, "base", {"V": BASE}).slug == "tensor"
    assert refusal(InputError, commit, train, "model", {"W": BASE}).slug == "commitments"
    own = {"base": committed("base", BASE, proofs=1), "data": committed("data", DATA)}
    own["next"] = committed("next", BASE - MOVED)
    integers.prove_file(train, own, {"/W": MOVED})
    assert refusal(AllowanceExceeded, integers.prove, train, own, {"/W": MOVED}).slug == "allowance"


def test_public_slabs_are_computed_from_their_integers() -> None:
    train, infer = deployment(weights=False)
    base = integers.commit_public(train, "base", {"W": BASE})
    after = integers.commit_public(train, "next", {"W": BASE - MOVED})
    data = integers.commit(train, "data", {"d": DATA})
    made = integers.prove_file(train, {"base": base, "data": data, "next": after}, {"/W": MOVED})
    assert base.remaining is None

    def verify(values: np.ndarray) -> integers.Verified:
        known = integers.commit_public(train, "base", {"W": values}).commitment
        commitments = {"base": known, "data": data.commitment, "next": after.commitment}
        return integers.verify_file(train, made, commitments, security=SECURITY)

    assert verify(BASE).identities["base"] == base.commitment.identity
    assert refusal(InvalidProof, verify, BASE - MOVED).slug == "commitments"
    loaded = tacit.Commitment.from_bytes(base.commitment.to_bytes())
    commitments = {"base": loaded, "data": data.commitment, "next": after.commitment}
    error = refusal(InvalidProof, integers.verify_file, train, made, commitments, security=SECURITY)
    assert (error.slug, error.place) == ("commitments", "base")
    error = refusal(InputError, integers.commit_public, train, "data", {"d": DATA})
    assert (error.slug, error.place) == ("visibility", "data")
    # Equal public values in two slabs of one schema are one commitment.
    same = {"base": base, "data": data, "next": base}
    assert refusal(InputError, integers.prove, train, same, {"/W": 0 * MOVED}).slug == "commitments"
    answered = tacit.prove(infer, after, X)
    said = integers.verify_file(infer, answered, {"model": after.commitment}, security=SECURITY)
    assert said.publics["y"].tolist() == ((BASE - MOVED) @ X).tolist()


def test_execution_without_a_deployment() -> None:
    program = steps.step().encode()
    given = {"base/W": BASE, "data/d": DATA, "next/W": BASE - MOVED, "/W": MOVED}
    run = integers.Execution(program)
    assert run(given) == {}
    found = run(given, ["copy", "next/W"])
    assert [found["copy"].tolist(), found["next/W"].tolist()] == [DATA.tolist(), (BASE - MOVED).ravel().tolist()]
    error = refusal(InputError, run, {**given, "next/W": BASE}, ["copy"])
    assert error.slug == "execution"
    assert error.details["hidden"]["where"] == "zero update"
    assert refusal(InputError, run, {**given, "W": BASE}).slug == "tensor"
    assert refusal(InputError, run, given, ["W"]).slug == "tensor"
    assert refusal(ProgramError, integers.Execution, b"no program").slug == "encoding"
    answered = integers.execute(steps.answer().encode(), {"model/W": BASE, "x": X})
    assert answered["y"].tolist() == (BASE @ X).tolist()
