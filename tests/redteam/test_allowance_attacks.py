"""Ways to open a slab more often than its blinding allows: memory, files, copies, threads, failures. All are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tacit
from tacit.errors import AllowanceExceeded, InputError, TacitError

Compiled = tuple[tacit.Program, tacit.Weights]
#: As in conftest.py.
PROOFS = 3


def spend_all(program: tacit.Program, secret: tacit.Secret, sample: dict[str, Any]) -> int:
    """Proves until the budget refuses; how often it did not."""
    count = 0
    while count < 3 * PROOFS:
        try:
            tacit.prove(program, secret, sample)
        except AllowanceExceeded:
            break
        count += 1
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.prove(program, secret, sample)
    assert refused.value.slug == "allowance"
    return count


def test_a_secret_in_memory_counts(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    assert secret.remaining == PROOFS
    assert spend_all(program, secret, sample) == PROOFS
    assert secret.remaining == 0


def test_saving_forgets_no_proof(compiled: Compiled, sample: dict[str, Any], tmp_path: Path) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    tacit.prove(program, secret, sample)
    secret.save(tmp_path / "m.secret")
    # A second journal would count from the same number again.
    with pytest.raises(InputError) as refused:
        secret.save(tmp_path / "other.secret")
    assert refused.value.slug == "exists"
    assert not (tmp_path / "other.secret").exists()
    tacit.prove(program, secret, sample)
    # The traceback holds the secret too, and with it the lock.
    del secret, refused
    again = tacit.Secret.load(tmp_path / "m.secret")
    assert again.remaining == PROOFS - 2
    assert spend_all(program, again, sample) == PROOFS - 2


def test_one_holder_at_a_time(compiled: Compiled, tmp_path: Path) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    secret.save(tmp_path / "m.secret")
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(tmp_path / "m.secret")
    assert refused.value.slug == "allowance_locked"
    del secret
    first = tacit.Secret.load(tmp_path / "m.secret")
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(tmp_path / "m.secret")
    assert refused.value.slug == "allowance_locked"
    assert first.remaining == PROOFS


def test_a_secret_without_its_journal(compiled: Compiled, sample: dict[str, Any], tmp_path: Path) -> None:
    program, weights = compiled
    paths = [tmp_path / name for name in ("a.secret", "b.secret")]
    for path in paths:
        tacit.commit_model(program, weights).save(path)
    journals = [path.with_name(f"{path.name}.journal") for path in paths]
    # A copy of the secret under another name has no count.
    shutil.copy(paths[0], tmp_path / "copy.secret")
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(tmp_path / "copy.secret")
    assert refused.value.slug == "allowance_missing"
    # Nor is the journal of another secret, of the same program and budget, its count.
    secret = tacit.Secret.load(paths[0])
    tacit.prove(program, secret, sample)
    del secret
    journals[0].unlink()
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(paths[0])
    assert refused.value.slug == "allowance_missing"
    shutil.copy(journals[1], journals[0])
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(paths[0])
    assert refused.value.slug == "allowance_other"
    # A saved secret is never written over, nor is a journal that is left alone.
    with pytest.raises(InputError) as exists:
        tacit.commit_model(program, weights).save(paths[0])
    assert exists.value.slug == "exists"
    paths[0].unlink()
    with pytest.raises(InputError) as exists:
        tacit.commit_model(program, weights).save(paths[0])
    assert exists.value.slug == "exists"


def test_a_proof_that_fails_counts(compiled: Compiled) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    beyond = next(iter(program.inputs.values())).range[1]
    # Refused before the secret is touched: nothing is spent.
    with pytest.raises(InputError) as far:
        tacit.prove(program, secret, {"x": np.full((1, 4), 4 * beyond)})
    assert far.value.slug == "range"
    assert secret.remaining == PROOFS
    # Refused by the program, after its values were read: spent.
    corner = np.full((1, 4), 0.999 * beyond)
    refused = 0
    for sign in (1, -1):
        try:
            tacit.prove(program, secret, {"x": sign * corner})
        except TacitError:
            refused += 1
    assert secret.remaining == PROOFS - 2, f"{refused} of them had no proof"


def test_threads_share_one_count(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)

    def attempt(_: int) -> bool:
        try:
            tacit.prove(program, secret, sample)
        except AllowanceExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(2 * PROOFS))) == PROOFS


def test_a_budget_larger_than_the_blinding(compiled: Compiled) -> None:
    program, weights = compiled
    with pytest.raises(TacitError) as refused:
        tacit.commit_model(program, weights, proofs=100 * PROOFS)
    assert refused.value.slug in {"geometry", "header", "proofs"}
    with pytest.raises(InputError) as none:
        tacit.commit_model(program, weights, proofs=0)
    assert none.value.slug == "proofs"


#: Forks a process that holds a secret from a file, one that holds its twin in memory, and says who was refused with what.
FORK = """
import os, sys, numpy as np, tacit
from tacit.errors import TacitError
folder = sys.argv[1]
program = tacit.Program.load(folder + "/p.tacit")
sample = {"x": np.load(folder + "/x.npy")}
for secret in (tacit.Secret.load(folder + "/m.secret"), tacit.commit_model(program, tacit.Weights.load(folder + "/w"))):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        slugs = []
        for call in (lambda: tacit.prove(program, secret, sample), lambda: secret.save(folder + "/forked.secret")):
            try:
                call()
                slugs.append("done")
            except TacitError as error:
                slugs.append(error.slug)
        os.write(write, " ".join(slugs).encode())
        os._exit(0)
    os.waitpid(child, 0)
    count = secret.remaining
    for _ in range(count):
        tacit.prove(program, secret, sample)
    print(os.read(read, 100).decode(), count)
"""


def test_a_forked_process_does_not_count(compiled: Compiled, sample: dict[str, Any], tmp_path: Path) -> None:
    program, weights = compiled
    tacit.commit_model(program, weights).save(tmp_path / "m.secret")
    program.save(tmp_path / "p.tacit")
    weights.save(tmp_path / "w")
    np.save(tmp_path / "x.npy", sample["x"])
    command = [sys.executable, "-c", FORK, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    on_disk, in_memory = done.stdout.splitlines()
    # The one on disk has its journal already.
    assert on_disk == f"allowance_locked exists {PROOFS}"
    assert in_memory == f"allowance_locked allowance_locked {PROOFS}"
    assert tacit.Secret.load(tmp_path / "m.secret").remaining == 0
    assert not (tmp_path / "forked.secret").exists()
    assert not (tmp_path / "forked.secret.journal").exists()


def test_a_journal_that_others_wrote_to(compiled: Compiled, sample: dict[str, Any], tmp_path: Path) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    secret.save(tmp_path / "m.secret")
    with (tmp_path / "m.secret.journal").open("ab") as journal:
        journal.write(b"\0" * 68)
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.prove(program, secret, sample)
    assert refused.value.slug == "allowance_damaged"
