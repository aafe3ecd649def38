"""Renewal: a fresh commitment to the same values, once, and what a verifier accepts of it."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from one_layer import ONE, SAMPLES, network

import tacit
from tacit.errors import AllowanceExceeded, InputError, InvalidProof

PROOFS = 2


@pytest.fixture(scope="module")
def compiled() -> tuple[tacit.Program, tacit.Weights]:
    return tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS)


def refusal(kind: type[Exception], call: Any) -> Any:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def renewal_of(secret: tacit.Secret) -> tacit.Commitment:
    found = secret.renewal
    assert found is not None
    return found


def test_a_spent_commitment_is_renewed(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    program, weights = compiled
    old = tacit.commit_model(program, weights)
    assert old.renewal is None
    for _ in range(PROOFS):
        tacit.prove(program, old, ONE)
    spent = refusal(AllowanceExceeded, lambda: tacit.prove(program, old, ONE))
    assert (spent.slug, "tacit commit renew" in spent.remedy) == ("allowance", True)
    new = old.renew()
    assert (new.remaining, new.commitment.master, new.children) == (PROOFS, None, 0)
    renewal = renewal_of(new)
    assert (renewal.master, renewal.identity) == (old.commitment.identity, new.commitment.identity)
    assert tacit.verify_renewal(old.commitment, renewal) == new.commitment.identity
    # It stands by itself, and under the identity that was trusted before.
    proof = tacit.prove(program, new, ONE)
    tacit.verify(program, proof, model=new.commitment)
    known = tacit.verify(program, proof, model=old.commitment, rotation=renewal)
    assert known.digests["master of model"] == old.commitment.identity


def test_the_old_one_retires(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    program, weights = compiled
    old = tacit.commit_model(program, weights)
    old.save(tmp_path / "old.secret")
    old.renew()

    def check(secret: tacit.Secret) -> None:
        assert (secret.renewed, secret.remaining) == (True, 0)
        for call in (lambda: tacit.prove(program, secret, ONE), secret.renew):
            refused = refusal(AllowanceExceeded, call)
            assert refused.slug == "renewed"
            assert "renewed to" in refused.remedy

    check(old)
    del old
    gc.collect()
    check(tacit.Secret.load(tmp_path / "old.secret"))
    gc.collect()
    assert tacit.inspect(tmp_path / "old.secret.journal")["renewed"] is True


def test_renewed_again_and_again(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    program, weights = compiled
    first = tacit.commit_model(program, weights)
    second = first.renew()
    second.save(tmp_path / "second.secret")
    del second
    second = tacit.Secret.load(tmp_path / "second.secret")
    assert second.remaining == PROOFS
    third = second.renew()
    assert third.remaining == PROOFS
    one, two = renewal_of(second), renewal_of(third)
    assert tacit.verify_renewal(first.commitment, one, two) == third.commitment.identity
    for wrong in ((two,), (two, one), (one, one), (third.commitment,), ()):
        assert refusal(InvalidProof, lambda w=wrong: tacit.verify_renewal(first.commitment, *w)).slug == "rotation"
    tacit.verify(program, tacit.prove(program, third, ONE), model=second.commitment, rotation=two)
    stranger = tacit.commit_model(program, weights)
    assert refusal(InvalidProof, lambda: tacit.verify_renewal(stranger.commitment, one)).slug == "rotation"


def test_other_values_are_no_renewal(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    from tacit.reference import borsh, files

    program, weights = compiled
    old = tacit.commit_model(program, weights)
    changed = {name: np.array(values) for name, values in weights.tensors.items()}
    next(iter(changed.values())).flat[0] -= 1
    other = tacit.commit_model(program, tacit.Weights(weights.program, weights.role, changed)).renew()

    def decoded(commitment: tacit.Commitment) -> files.CommitmentFile:
        body = files.unwrap(files.Kind.COMMITMENT, commitment.to_bytes())
        found: files.CommitmentFile = borsh.decode(files.COMMITMENT_FILE, body, "commitment")
        return found

    mine, theirs = decoded(old.commitment), decoded(renewal_of(other))
    assert theirs.link is not None
    forged = files.CommitmentFile(
        mine.slab, mine.tensors, theirs.commitment, mine.validity, (mine.commitment, theirs.link[1])
    )
    data = files.wrap(files.Kind.COMMITMENT, files.COMMITMENT_FILE.write(forged))
    claimed = tacit.Commitment.from_bytes(data)
    assert claimed.master == old.commitment.identity
    assert refusal(InvalidProof, lambda: tacit.verify_renewal(old.commitment, claimed)).slug == "rotation"


def test_whatever_the_count_says(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    """The way on after a restore: the reserve is there, and proofs never took it."""
    program, weights = compiled
    old = tacit.commit_model(program, weights)
    old.save(tmp_path / "m.secret")
    shutil.copy(tmp_path / "m.secret.journal", tmp_path / "backup")
    for _ in range(PROOFS):
        tacit.prove(program, old, ONE)
    del old
    shutil.copy(tmp_path / "backup", tmp_path / "m.secret.journal")
    old = tacit.Secret.load(tmp_path / "m.secret")
    assert old.remaining == PROOFS
    new = old.renew()
    assert (old.remaining, new.remaining) == (0, PROOFS)
    tacit.verify_renewal(old.commitment, renewal_of(new))


def test_a_backup_from_before_a_renewal(compiled: tuple[tacit.Program, tacit.Weights], tmp_path: Path) -> None:
    """What it is renewed to was used already, and its count begins anew; renewing on comes to an identity that is fresh."""
    program, weights = compiled
    path, backup = tmp_path / "m.secret", tmp_path / "backup"
    old = tacit.commit_model(program, weights)
    old.save(path)
    shutil.copy(f"{path}.journal", backup)
    used = old.renew()
    for _ in range(PROOFS):
        tacit.prove(program, used, ONE)
    published = [old.commitment.identity, used.commitment.identity]
    del old, used
    shutil.copy(backup, f"{path}.journal")
    found = tacit.Secret.load(path)
    trusted, renewals = found.commitment, []
    while found.commitment.identity in published:
        assert found.remaining == PROOFS, "nothing tells but the identity"
        found = found.renew()
        renewals.append(renewal_of(found))
    assert len(renewals) == 2
    proof = tacit.prove(program, found, ONE)
    tacit.verify(program, proof, model=found.commitment)
    assert tacit.verify_renewal(trusted, *renewals) == found.commitment.identity


def test_a_master_is_renewed_and_children_are_not(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    program, weights = compiled
    master = tacit.commit_model(program, weights, children=1)
    child = master.rotate()
    refused = refusal(AllowanceExceeded, child.renew)
    assert (refused.slug, "rotate its master" in refused.remedy) == ("reserve", True)
    assert refusal(AllowanceExceeded, master.rotate).slug == "allowance"
    again = master.renew()
    assert (again.children, again.remaining) == (1, 0)
    assert refusal(AllowanceExceeded, master.rotate).slug == "renewed"
    other = again.rotate()
    assert other.commitment.master == again.commitment.identity
    assert tacit.verify_renewal(master.commitment, renewal_of(again)) == again.commitment.identity
    tacit.verify(program, tacit.prove(program, other, ONE), model=again.commitment, rotation=other.commitment)


def test_public_values_need_none() -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS, weights="public")
    refused = refusal(InputError, tacit.commit_model(program, weights).renew)
    assert refused.slug == "renewal"


def test_what_inspect_says(compiled: tuple[tacit.Program, tacit.Weights]) -> None:
    program, weights = compiled
    old = tacit.commit_model(program, weights)
    new = old.renew()
    assert tacit.inspect(renewal_of(new))["renewal of"] == old.commitment.identity
    assert tacit.inspect(old)["renewed"] == "another commitment has taken its place"
    assert tacit.inspect(new)["proofs left"] == PROOFS
