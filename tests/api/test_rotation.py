"""Rotation: masters, children, what they spend, and what a verifier accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest
from one_layer import ONE, SAMPLES, network

import tacit
from tacit.errors import AllowanceExceeded, InputError

Floats = npt.NDArray[Any]
RECORD = 68  # bytes of a journal's record


@pytest.fixture(scope="module")
def compiled() -> tuple[tacit.Program, tacit.Weights]:
    return tacit.compile(network(), calibration=SAMPLES, proofs=4)


@pytest.fixture
def master(compiled: tuple[tacit.Program, tacit.Weights]) -> tacit.Secret:
    return tacit.commit_model(*compiled, children=2)


@pytest.fixture
def program(compiled: tuple[tacit.Program, tacit.Weights]) -> tacit.Program:
    return compiled[0]


def refusal(kind: type[Exception], call: Any) -> Any:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_a_child_proves_under_the_masters_identity(program: tacit.Program, master: tacit.Secret) -> None:
    child = master.rotate()
    known = master.commitment.identity
    assert child.commitment.master == known
    assert child.commitment.identity != known
    proof = tacit.prove(program, child, ONE, context=b"n")
    statement = tacit.verify(program, proof, model=child.commitment, context=b"n")
    assert statement.digests["model"] == child.commitment.identity
    assert statement.digests["master of model"] == known
    again = tacit.verify(program, proof, model=master.commitment, rotation=child.commitment, context=b"n")
    assert (again.digests, again.security) == (statement.digests, statement.security)


def test_a_plain_commitment_has_no_master(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights, proofs=1)
    assert (secret.commitment.master, secret.children, secret.remaining) == (None, 0, 1)
    proof = tacit.prove(program, secret, ONE)
    assert "master of model" not in tacit.verify(program, proof, model=secret.commitment).digests
    spent = refusal(AllowanceExceeded, lambda: tacit.prove(program, secret, ONE))
    assert spent.slug == "allowance"
    assert "tacit commit renew" in spent.remedy
    assert refusal(InputError, secret.rotate).slug == "master"


def test_budgets_of_children(program: tacit.Program, master: tacit.Secret) -> None:
    child = master.rotate(proofs=1)
    assert (child.remaining, child.children, master.children, master.remaining) == (1, 0, 1, 0)
    tacit.prove(program, child, ONE)
    spent = refusal(AllowanceExceeded, lambda: tacit.prove(program, child, ONE))
    assert "rotate MASTER.secret" in spent.remedy
    other = master.rotate()
    assert other.remaining >= program.proofs
    tacit.verify(program, tacit.prove(program, other, ONE), model=other.commitment)
    assert master.children == 0
    spent = refusal(AllowanceExceeded, master.rotate)
    assert (spent.slug, spent.place) == ("allowance", "model")
    assert str(spent).startswith("model: the allowance of ")


def test_as_many_children_as_proofs(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    program, weights = compiled
    master = tacit.commit_model(program, weights, children=program.proofs)
    children = [master.rotate(program.proofs) for _ in range(program.proofs)]
    for child in children:
        child.commitment.accept(128)
    assert len({child.commitment.identity for child in children}) == program.proofs


def test_a_master_makes_no_proof_and_a_child_no_child(program: tacit.Program, master: tacit.Secret) -> None:
    refused = refusal(AllowanceExceeded, lambda: tacit.prove(program, master, ONE))
    assert refused.slug == "master"
    assert "tacit commit rotate" in refused.remedy
    assert master.children == 2
    child = master.rotate()
    assert refusal(InputError, child.rotate).slug == "master"


def test_wrong_numbers_cost_nothing(compiled: tuple[tacit.Program, tacit.Weights], master: tacit.Secret) -> None:
    for proofs in (0, -1, 1000, 1 << 40):
        assert refusal(InputError, lambda proofs=proofs: master.rotate(proofs)).slug == "proofs"
    assert master.children == 2
    for children in (-1, 5, 1 << 16):
        assert refusal(InputError, lambda n=children: tacit.commit_model(*compiled, children=n)).slug == "children"
    # Said of a master they would count for nothing: its children are given theirs.
    for number in ("proofs", "refusals"):
        options: Any = {number: 2, "children": 2}
        both = refusal(InputError, lambda o=options: tacit.commit_model(*compiled, **o))
        assert (both.slug, both.place) == ("children", number)
    wrong: Any = 1.5
    calls = {
        "proofs": lambda: master.rotate(wrong),
        "refusals": lambda: master.rotate(refusals=wrong),
        "children": lambda: tacit.commit_model(*compiled, children=wrong),
    }
    for place, call in calls.items():
        error = refusal(InputError, call)
        assert (error.slug, error.place) == ("type", place)
    assert master.children == 2


def test_links_of_strangers(compiled: tuple[tacit.Program, tacit.Weights], master: tacit.Secret) -> None:
    program, _ = compiled
    child = master.rotate()
    proof = tacit.prove(program, child, ONE)
    other = tacit.commit_model(*compiled, children=1)
    verify: Any = tacit.verify
    for model, link in (
        (other.commitment, child.commitment),  # another master, though of the same values
        (master.commitment, other.rotate().commitment),
        (master.commitment, master.commitment),  # no child
        (child.commitment, child.commitment),
    ):
        assert (
            refusal(tacit.InvalidProof, lambda m=model, c=link: verify(program, proof, model=m, rotation=c)).slug
            == "rotation"
        )
    assert refusal(tacit.InvalidProof, lambda: verify(program, proof, rotation=child.commitment)).slug == "commitments"
    # The master itself did not make the proof.
    refusal(tacit.InvalidProof, lambda: verify(program, proof, model=master.commitment))


def test_a_childs_file_with_another_link(master: tacit.Secret, tmp_path: Path) -> None:
    one, two = master.rotate().commitment, master.rotate().commitment
    one.save(tmp_path / "one")
    two.save(tmp_path / "two")
    loaded = tacit.Commitment.load(tmp_path / "one")
    loaded.accept()
    assert loaded.master == one.master == two.master

    from tacit.reference import Refused, borsh, files

    first, second = (
        borsh.decode(files.COMMITMENT_FILE, files.unwrap(files.Kind.COMMITMENT, (tmp_path / name).read_bytes()), name)
        for name in ("one", "two")
    )
    files.check_commitment_file(first, 128)
    mixed = files.CommitmentFile(first.slab, first.tensors, first.commitment, first.validity, second.link)
    with pytest.raises(Refused, match="rotation"):
        files.check_commitment_file(mixed, 128)
    data = files.wrap(files.Kind.COMMITMENT, files.COMMITMENT_FILE.write(mixed))
    (tmp_path / "mixed").write_bytes(data)
    assert refusal(tacit.InvalidProof, tacit.Commitment.load(tmp_path / "mixed").accept).slug == "rotation"


# --- the journal


def saved(master: tacit.Secret, folder: Path) -> tuple[Path, Path]:
    """The files of a master whose object is gone: secret and journal."""
    path = folder / "master.secret"
    master.save(path)
    return path, folder / "master.secret.journal"


def test_children_are_counted_on_disk(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    master = tacit.commit_model(*compiled, children=3)
    first = master.rotate()  # before it is saved
    path, journal = saved(master, tmp_path)
    del master
    size = journal.stat().st_size
    again = tacit.Secret.load(path)
    assert again.children == 2
    second = again.rotate()
    assert journal.stat().st_size == size + RECORD
    del again
    again = tacit.Secret.load(path)
    third = again.rotate()
    assert again.children == 0
    indices = {index_of(child) for child in (first, second, third)}
    # Cells 0 and 1 are for renewals.
    assert indices == {2, 3, 4}
    for child in (first, second, third):
        child.commitment.accept()


def index_of(child: tacit.Secret) -> int:
    """The master's link cell, read from the file with the other verifier's decoder."""
    from tacit.reference import borsh, files

    body = files.unwrap(files.Kind.COMMITMENT, child.commitment._native.to_file())
    link = borsh.decode(files.COMMITMENT_FILE, body, "child").link
    assert link is not None
    return link[1].index


def test_a_child_survives_its_file(program: tacit.Program, master: tacit.Secret, tmp_path: Path) -> None:
    child = master.rotate(proofs=2)
    child.save(tmp_path / "child.secret")
    del child
    loaded = tacit.Secret.load(tmp_path / "child.secret")
    assert (loaded.remaining, loaded.commitment.master) == (2, master.commitment.identity)
    tacit.verify(program, tacit.prove(program, loaded, ONE), model=loaded.commitment)
    assert loaded.remaining == 1


def test_a_crash_after_counting_costs_the_cell(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    path, journal = saved(tacit.commit_model(*compiled, children=2), tmp_path)
    before = journal.read_bytes()
    lost = tacit.Secret.load(path)
    child = lost.rotate()  # the process dies before it is saved
    after = journal.read_bytes()
    assert len(after) == len(before) + RECORD
    assert index_of(child) == 2
    del lost, child
    again = tacit.Secret.load(path)
    assert again.children == 1
    assert index_of(again.rotate()) == 3
    spent = refusal(AllowanceExceeded, again.rotate)
    assert (spent.slug, spent.place) == ("allowance", str(journal))
    assert spent.reason.startswith("the allowance of ")


def test_a_torn_journal_counts_as_spent(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    path, journal = saved(tacit.commit_model(*compiled, children=2), tmp_path)
    tacit.Secret.load(path).rotate()
    whole = journal.read_bytes()
    for torn in (whole[:-1], whole[: -RECORD + 5], whole + b"\0"):
        journal.write_bytes(torn)
        assert refusal(AllowanceExceeded, lambda: tacit.Secret.load(path)).slug == "allowance_damaged"
    journal.unlink()
    assert refusal(AllowanceExceeded, lambda: tacit.Secret.load(path)).slug == "allowance_missing"


def test_a_journal_of_another_secret(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    master = tacit.commit_model(*compiled, children=2)
    path, journal = saved(master, tmp_path)
    master.rotate().save(tmp_path / "child.secret")
    del master
    journal.write_bytes((tmp_path / "child.secret.journal").read_bytes())
    assert refusal(AllowanceExceeded, lambda: tacit.Secret.load(path)).slug == "allowance_other"


def test_a_write_that_fails_costs_the_cell(master: tacit.Secret, tmp_path: Path) -> None:
    """The child cannot be saved: its cell is gone all the same, and the next one is another."""
    path, _ = saved(master, tmp_path)
    child = master.rotate()
    refusal(InputError, lambda: child.save(path))  # a secret is there already
    assert master.children == 1
    assert index_of(master.rotate()) == 3


def test_data_rotates_too() -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES, proofs=4, input="committed")
    model = tacit.commit_model(program, weights, children=1)
    data = tacit.commit_data(program, ONE, children=1)
    inner, outer = model.rotate(), data.rotate()
    proof = tacit.prove(program, inner, data=outer)
    digests = tacit.verify(program, proof, model=inner.commitment, data=outer.commitment).digests
    assert digests["master of model"] == model.commitment.identity
    assert digests["master of data"] == data.commitment.identity
    tacit.verify(program, proof, model=inner.commitment, data=data.commitment, rotation=outer.commitment)


def test_public_weights_have_no_children() -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES, proofs=4, weights="public")
    refused = refusal(InputError, lambda: tacit.commit_model(program, weights, children=1))
    assert refused.slug == "children"
