"""Files of every kind: they come back as they were, are whole or absent, and a secret without its journal is spent."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case

import tacit
from tacit import _native
from tacit.errors import AllowanceExceeded, InputError, TacitError

Cases = Callable[..., Case]


def journal(secret: Path) -> Path:
    return Path(f"{secret}.journal")


def load(path: Path) -> tacit.Secret:
    gc.collect()  # whoever held the journal's lock is gone
    return tacit.Secret.load(path)


def test_everything_comes_back(case: Cases, tmp_path: Path) -> None:
    small = case()
    secret = small.commit()
    small.program.save(tmp_path / "m.tacit")
    small.weights.save(tmp_path / "m.weights")
    secret.save(tmp_path / "m.secret")
    secret.commitment.save(tmp_path / "m.commitment")
    identity = secret.commitment.identity
    del secret

    program = tacit.Program.load(tmp_path / "m.tacit")
    assert program.digest == small.program.digest
    assert (program.inputs, program.outputs, program.commitments) == (
        small.program.inputs,
        small.program.outputs,
        small.program.commitments,
    )
    assert (program.security, program.proofs, program.report) == (128, PROOFS, None)
    weights = tacit.Weights.load(tmp_path / "m.weights")
    assert (weights.program, weights.role) == (small.weights.program, small.weights.role)
    for name, values in small.weights.tensors.items():
        assert np.array_equal(weights.tensors[name].reshape(-1), values.reshape(-1))
    proof = tacit.prove(program, load(tmp_path / "m.secret"), small.inputs, context=b"1")
    proof.save(tmp_path / "out.proof")
    commitment = tacit.Commitment.load(tmp_path / "m.commitment")
    assert commitment.identity == identity
    assert commitment.tensors == tacit.commit_model(program, weights).commitment.tensors
    loaded = tacit.Proof.load(tmp_path / "out.proof")
    assert loaded == proof
    assert len(loaded) == os.path.getsize(tmp_path / "out.proof")
    tacit.verify(program, loaded, model=commitment, context=b"1")


def test_secrets_are_their_owners(case: Cases, tmp_path: Path) -> None:
    small = case()
    small.weights.save(tmp_path / "m.weights")
    secret = small.commit()
    secret.save(tmp_path / "m.secret")
    secret.commitment.save(tmp_path / "m.commitment")
    mode = lambda name: stat.S_IMODE(os.stat(tmp_path / name).st_mode)  # noqa: E731
    assert mode("m.weights") & 0o077 == 0
    assert mode("m.secret") & 0o077 == 0
    umask = os.umask(0)
    os.umask(umask)
    assert mode("m.commitment") == 0o666 & ~umask


def test_files_of_another_kind(case: Cases, tmp_path: Path) -> None:
    small = case()
    small.program.save(tmp_path / "program")
    small.weights.save(tmp_path / "weights")
    secret = small.commit()
    secret.save(tmp_path / "secret")
    secret.commitment.save(tmp_path / "commitment")
    loaders: dict[str, Callable[[Path], Any]] = {
        "program": tacit.Program.load,
        "weights": tacit.Weights.load,
        "secret": tacit.Secret.load,
        "commitment": tacit.Commitment.load,
    }
    for kind, loader in loaders.items():
        for name in loaders:
            if name != kind:
                with pytest.raises(TacitError) as caught:
                    loader(tmp_path / name)
                assert caught.value.slug == "file_kind", (kind, name)
        for data in (b"", b"TACIT\0", b"not a file of ours" * 9):
            (tmp_path / "other").write_bytes(data)
            with pytest.raises(TacitError) as caught:
                loader(tmp_path / "other")
            assert caught.value.slug in {"magic", "truncated"}, kind
        with pytest.raises(InputError) as missing:
            loader(tmp_path / "nothing")
        assert missing.value.slug == "file"


def test_a_changed_byte_is_noticed(case: Cases, tmp_path: Path) -> None:
    small = case()
    secret = small.commit()
    small.program.save(tmp_path / "program")
    secret.commitment.save(tmp_path / "commitment")
    small.weights.save(tmp_path / "weights")
    loaders: dict[str, Callable[[Path], Any]] = {
        "program": tacit.Program.load,
        "weights": tacit.Weights.load,
        "commitment": tacit.Commitment.load,
    }
    rng = np.random.default_rng(2)
    for name, loader in loaders.items():
        whole = (tmp_path / name).read_bytes()
        for at in rng.integers(0, len(whole), 25):
            changed = bytearray(whole)
            changed[at] ^= 1 << int(rng.integers(0, 8))
            (tmp_path / "changed").write_bytes(changed)
            with pytest.raises(TacitError) as caught:
                loader(tmp_path / "changed")
            named = "magic" if at < 6 else "file_kind" if at == 6 else "version" if at == 7 else "checksum"
            assert caught.value.slug == named
        (tmp_path / "changed").write_bytes(whole + b"\0")
        with pytest.raises(TacitError) as caught:
            loader(tmp_path / "changed")
        assert caught.value.slug == "checksum"


def test_a_budget_in_a_file(case: Cases, tmp_path: Path) -> None:
    small = case()
    path = tmp_path / "m.secret"
    secret = small.commit(proofs=3)
    tacit.prove(small.program, secret, small.inputs)  # spent before it is saved: counted all the same
    secret.save(path)
    assert secret.remaining == 2
    tacit.prove(small.program, secret, small.inputs)
    del secret
    again = load(path)
    assert again.remaining == 1
    proof = tacit.prove(small.program, again, small.inputs)
    tacit.verify(small.program, proof, model=again.commitment)
    del again
    spent = load(path)
    assert spent.remaining == 0
    with pytest.raises(AllowanceExceeded) as caught:
        tacit.prove(small.program, spent, small.inputs)
    assert caught.value.slug == "allowance"


def test_one_journal_at_a_time(case: Cases, tmp_path: Path) -> None:
    path = tmp_path / "m.secret"
    secret = case().commit()
    secret.save(path)
    with pytest.raises(AllowanceExceeded) as caught:
        tacit.Secret.load(path)
    assert caught.value.slug == "allowance_locked"
    for where in (path, tmp_path / "copy.secret"):
        with pytest.raises(TacitError) as refused:
            secret.save(where)
        assert refused.value.slug == "exists"
    del secret, refused  # the refusal's frames hold the secret, and with it the lock
    assert load(path).remaining == PROOFS


def test_a_missing_or_damaged_journal(case: Cases, tmp_path: Path) -> None:
    small = case()
    path = tmp_path / "m.secret"
    secret = small.commit()
    secret.save(path)
    tacit.prove(small.program, secret, small.inputs)
    del secret
    gc.collect()
    whole = journal(path).read_bytes()
    slugs = set()
    for damage in (
        whole[:-1],
        whole[: len(whole) // 2],
        b"",
        whole[:20] + bytes([whole[20] ^ 1]) + whole[21:],
        whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
        whole + whole[-68:],
        b"x" * len(whole),
    ):
        journal(path).write_bytes(damage)
        with pytest.raises(AllowanceExceeded) as caught:
            load(path)
        slugs.add(caught.value.slug)
    assert slugs <= {"allowance_damaged", "allowance_other"}
    journal(path).unlink()
    with pytest.raises(AllowanceExceeded) as caught:
        load(path)
    assert caught.value.remedy
    # The journal of another secret.
    other = small.commit()
    other.save(tmp_path / "other.secret")
    del other
    gc.collect()
    journal(path).write_bytes(journal(tmp_path / "other.secret").read_bytes())
    with pytest.raises(AllowanceExceeded) as caught:
        load(path)
    assert caught.value.slug == "allowance_other"
    journal(path).write_bytes(whole)
    assert load(path).remaining == PROOFS - 1


def test_a_secret_is_never_written_over(case: Cases, tmp_path: Path) -> None:
    path = tmp_path / "m.secret"
    first = case().commit()
    first.save(path)
    before = path.read_bytes(), journal(path).read_bytes()
    with pytest.raises(InputError) as caught:
        case().commit().save(path)
    assert caught.value.slug == "exists"
    path.unlink()
    # A journal alone is kept too: it may be all that is left of a budget.
    with pytest.raises(InputError) as caught:
        case().commit().save(path)
    assert caught.value.slug == "exists"
    assert journal(path).read_bytes() == before[1]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Killed()])
def test_files_are_whole_or_absent(
    case: Cases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    small = case()
    program, proof = tmp_path / "m.tacit", tmp_path / "new.proof"
    small.program.save(program)
    before = program.read_bytes()

    def die(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", die)
    expected = InputError if isinstance(error, OSError) else Killed
    with pytest.raises(expected):
        case(batch=2).program.save(program)
    with pytest.raises(expected):
        tacit.Proof(b"bytes").save(proof)
    with pytest.raises(expected):
        small.weights.save(tmp_path / "m.weights")
    assert program.read_bytes() == before, "the file that was there is untouched"
    assert not proof.exists()
    assert not (tmp_path / "m.weights").exists()
    if isinstance(error, OSError):
        assert sorted(p.name for p in tmp_path.iterdir()) == ["m.tacit"], "nothing is left behind"
    monkeypatch.undo()
    small.program.save(program)
    assert tacit.Program.load(program).digest == small.program.digest


def test_a_secret_that_was_not_written_counts_as_spent(
    case: Cases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal comes first: whatever happens then, no secret stands without one."""
    small = case()
    path = tmp_path / "m.secret"
    secret = small.commit()

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(Killed):
        secret.save(path)
    monkeypatch.undo()
    assert not path.exists()
    assert journal(path).exists()
    with pytest.raises(InputError) as caught:
        tacit.Secret.load(path)
    assert caught.value.slug == "file"


def test_folders_that_are_not_there(case: Cases, tmp_path: Path) -> None:
    small = case()
    with pytest.raises(InputError) as caught:
        small.program.save(tmp_path / "no" / "m.tacit")
    assert caught.value.slug == "file"
    with pytest.raises(TacitError) as caught:
        small.commit().save(tmp_path / "no" / "m.secret")
    assert caught.value.slug == "file"


class Huge:
    """Native objects whose files would have 4 GiB: what the extension module says of such."""

    slab, children, remaining, identity = "model", 0, 1, bytes(32)

    def to_file(self, *_: object) -> bytes:
        raise _native.Failure(
            "allowance", "too_large", "secret", "expected at most 4294967295 bytes, got 5000000000", "fewer"
        )

    write_file = to_file


@pytest.mark.parametrize("kind", [tacit.Secret, tacit.Commitment, tacit.Program])
def test_a_file_of_4_gib_is_refused_and_nothing_is_written(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(AllowanceExceeded, match="expected at most 4294967295 bytes, got 5000000000") as refused:
        kind(Huge()).save(tmp_path / "huge")
    assert (refused.value.slug, refused.value.remedy) == ("too_large", "fewer")
    assert str(tmp_path / "huge") in refused.value.place
    assert list(tmp_path.iterdir()) == []
