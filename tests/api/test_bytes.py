"""Objects as bytes, in streams, pickled and copied: the same checks as for files, no trust travels, no secret is copied."""

from __future__ import annotations

import copy
import gzip
import io
import multiprocessing
import os
import pickle
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case

import tacit
from tacit.api import storage
from tacit.errors import InputError, InvalidProof, NoCopy, TacitError

Cases = Callable[..., Case]
KINDS = ["program", "weights", "commitment", "proof"]


@dataclass(frozen=True)
class Made:
    program: tacit.Program
    weights: tacit.Weights
    secret: tacit.Secret
    commitment: tacit.Commitment
    proof: tacit.Proof


@pytest.fixture(scope="module")
def made(case: Cases) -> Made:
    small = case()
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs, context=b"c", profile=True)
    return Made(small.program, small.weights, secret, secret.commitment, proof)


def refusal(call: Callable[[], Any], kind: type[TacitError] = InputError) -> TacitError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_those_of_the_file(made: Made, kind: str, tmp_path: Path) -> None:
    thing = getattr(made, kind)
    thing.save(tmp_path / "file")
    data = thing.to_bytes()
    assert data == (tmp_path / "file").read_bytes()
    for given in (data, bytearray(data), memoryview(data)):
        again = type(thing).from_bytes(given)
        assert again == thing
        assert hash(again) == hash(thing)
        assert again.to_bytes() == data
    assert type(thing).load(tmp_path / "file") == thing


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(made: Made, kind: str, protocol: int) -> None:
    thing = getattr(made, kind)
    again = pickle.loads(pickle.dumps(thing, protocol))
    assert type(again) is type(thing)
    assert again == thing
    assert again.to_bytes() == thing.to_bytes()


def test_what_pickles_leave_out(made: Made) -> None:
    """The program's report, which tells of the weights; what was checked of a commitment."""
    assert made.program.report
    assert pickle.loads(pickle.dumps(made.program)).report is None
    made.commitment.accept()
    assert made.commitment._accepted == 128
    assert pickle.loads(pickle.dumps(made.commitment))._accepted is None
    assert pickle.loads(pickle.dumps(made.proof)).profile == made.proof.profile != {}
    assert tacit.Proof.from_bytes(made.proof.to_bytes()).profile == {}


def test_that_values_were_at_hand_does_not_travel(case: Cases) -> None:
    """Public weights: the commitment is believed where it was computed from them, and nowhere else."""
    small = case(weights="public")
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs)
    assert secret.commitment.known
    tacit.verify(small.program, proof, model=secret.commitment)
    for again in (
        pickle.loads(pickle.dumps(secret.commitment)),
        tacit.Commitment.from_bytes(secret.commitment.to_bytes()),
        tacit.Commitment.load(io.BytesIO(secret.commitment.to_bytes())),
    ):
        assert not again.known
        error = refusal(lambda again=again: tacit.verify(small.program, proof, model=again), InvalidProof)
        assert error.slug == "commitments"
    weights = pickle.loads(pickle.dumps(small.weights))
    tacit.verify(small.program, pickle.loads(pickle.dumps(proof)), model=weights)


def test_copies(made: Made) -> None:
    for thing in (made.program, made.commitment, made.proof):
        assert copy.copy(thing) is thing
        assert copy.deepcopy(thing) is thing
    shallow, deep = copy.copy(made.weights), copy.deepcopy(made.weights)
    assert shallow == deep == made.weights
    name = next(iter(deep.tensors))
    assert shallow.tensors[name] is made.weights.tensors[name]
    deep.tensors[name].flat[0] += 1
    assert deep != made.weights == shallow


def test_equality(case: Cases, made: Made) -> None:
    again = tacit.Program.from_bytes(made.program.to_bytes())
    assert again is not made.program
    assert again == made.program
    assert made.program != case(batch=2).program
    assert made.weights != case(seed=1).weights
    assert made.commitment != case().commit().commitment, "committed anew, with other salts"
    assert made.proof != tacit.Proof(made.proof.data[:-1])
    assert made.weights != tacit.Weights(made.weights.program, "data", made.weights.tensors)
    for thing in (made.program, made.weights, made.commitment, made.proof):
        assert thing != thing.to_bytes()
    # One program for proofs of another geometry: none of them is a proof of the other.
    small = case(security=100)
    assert small.program.digest == made.program.digest
    assert small.program != made.program
    assert len({made.program, small.program, tacit.Program.from_bytes(made.program.to_bytes())}) == 2


def test_a_secret_is_not_copied(made: Made) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        for kind in (NoCopy, TypeError, TacitError):
            with pytest.raises(kind, match="a secret counts its proofs, and a copy would count them anew"):
                attempt(made.secret)
        error = refusal(lambda attempt=attempt: attempt(made.secret), NoCopy)
        assert error.slug == "copy"
        assert "save it to a file and load it" in error.remedy
    assert refusal(lambda: pickle.dumps({"inside": [made.secret]}), NoCopy).slug == "copy"
    assert not hasattr(made.secret, "to_bytes")
    error = refusal(lambda: made.secret.save(io.BytesIO()))  # type: ignore[arg-type]
    assert (error.slug, error.place) == ("type", "secret")
    assert "journal" in error.reason
    error = refusal(lambda: tacit.Secret.load(io.BytesIO(b"")))  # type: ignore[arg-type]
    assert "journal" in error.reason


def test_the_secret_of_outputs_is_not_dropped_in_silence(case: Cases) -> None:
    small = case(outputs="committed")
    model = small.commit()
    proof = tacit.prove(small.program, model, small.inputs)
    assert proof.output is not None
    assert refusal(lambda: pickle.dumps(proof), NoCopy).slug == "copy"
    assert copy.copy(proof) is proof
    # Said by name, it goes.
    again = tacit.Proof.from_bytes(proof.to_bytes())
    assert again == proof
    assert again.output is None
    output = pickle.loads(pickle.dumps(proof.output.commitment))
    tacit.verify(small.program, again, model=model.commitment, output=output)


def test_statements_and_ports_pickle(made: Made) -> None:
    statement = tacit.verify(made.program, made.proof, model=made.commitment, context=b"c")
    for again in (pickle.loads(pickle.dumps(statement)), copy.deepcopy(statement)):
        for entry in fields(statement):
            before, after = getattr(statement, entry.name), getattr(again, entry.name)
            if entry.name in ("outputs", "inputs", "integers"):
                assert list(before) == list(after)
                assert all(np.array_equal(before[name], after[name]) for name in before)
            else:
                assert before == after
    assert pickle.loads(pickle.dumps(made.program.inputs)) == made.program.inputs


def test_other_processes_verify(made: Made) -> None:
    """Program, commitment and proof go there pickled; the statement, or the refusal, comes back so."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        call = lambda context: pool.submit(  # noqa: E731
            tacit.verify, made.program, made.proof, model=made.commitment, context=context
        )
        statement = call(b"c").result()
        assert statement.digests["program"] == made.program.digest
        assert np.array_equal(
            statement.outputs["y"],
            tacit.verify(made.program, made.proof, model=made.commitment, context=b"c").outputs["y"],
        )
        with pytest.raises(InvalidProof) as caught:
            call(b"another").result()
        assert caught.value.remedy
        with pytest.raises(NoCopy):
            pool.submit(tacit.prove, made.program, made.secret, {}).result()


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_of_something_else(made: Made, kind: str) -> None:
    loader = type(getattr(made, kind)).from_bytes
    for wrong in ("text", 7, None, [1, 2]):
        assert refusal(lambda wrong=wrong: loader(wrong)).slug == "type"
    if kind == "proof":  # it is looked at when it is verified
        error = refusal(lambda: tacit.verify(made.program, loader(b""), model=made.commitment), InvalidProof)
        assert error.slug == "truncated"
        return
    for data in (b"", b"TACIT\0", b"not a file of ours" * 9):
        assert refusal(lambda data=data: loader(data), InvalidProof).slug in ("magic", "truncated")
    whole = getattr(made, kind).to_bytes()
    assert refusal(lambda: loader(whole[:-1]), InvalidProof).slug in ("truncated", "checksum")
    assert refusal(lambda: loader(whole[:-1] + bytes([whole[-1] ^ 1])), InvalidProof).slug == "checksum"
    assert refusal(lambda: loader(made.proof.to_bytes()), InvalidProof).slug == "file_kind"


@pytest.mark.parametrize("kind", KINDS)
def test_file_objects(made: Made, kind: str, tmp_path: Path) -> None:
    thing = getattr(made, kind)
    memory = io.BytesIO()
    memory.write(b"before")
    thing.save(memory)
    assert memory.getvalue() == b"before" + thing.to_bytes()
    memory.seek(len(b"before"))
    assert type(thing).load(memory) == thing
    with open(tmp_path / "raw", "wb", buffering=0) as raw:
        thing.save(raw)
        assert not raw.closed
    for buffering in (0, -1):
        with open(tmp_path / "raw", "rb", buffering=buffering) as file:
            assert type(thing).load(file) == thing
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive, archive.open("member", "w") as member:
        thing.save(member)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive, archive.open("member") as member:
        assert type(thing).load(member) == thing
    with tempfile.NamedTemporaryFile() as named:
        thing.save(named)
        named.seek(0)
        assert type(thing).load(named) == thing


def test_sockets(made: Made) -> None:
    near, far = socket.socketpair()
    with near, far, near.makefile("wb") as out, far.makefile("rb") as into:

        def send() -> None:
            made.commitment.save(out)
            out.flush()
            near.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert tacit.Commitment.load(into) == made.commitment
        sender.join()


class Slow(io.RawIOBase):
    """Takes and gives a few bytes at a time."""

    def __init__(self, data: bytes = b"") -> None:
        self.data, self.at = bytearray(data), 0

    def write(self, data: Any) -> int:
        self.data += bytes(data[:1000])
        return min(len(data), 1000)

    def read(self, size: int = -1) -> bytes:
        part = bytes(self.data[self.at : self.at + 1000])
        self.at += len(part)
        return part


def test_short_reads_and_writes(made: Made) -> None:
    slow = Slow()
    made.program.save(slow)
    assert bytes(slow.data) == made.program.to_bytes()
    assert tacit.Program.load(slow) == made.program


def stream(**methods: Any) -> Any:
    return type("Stream", (), {name: staticmethod(method) for name, method in methods.items()})()


def fail(*_: Any) -> Any:
    raise OSError(5, "Input/output error")


def test_streams_that_will_not_do(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(made.program.to_bytes())
    closed = io.BytesIO()
    closed.close()
    with (
        open(tmp_path / "file", encoding="latin-1") as text,
        open(tmp_path / "file", "rb") as reading,
        open(tmp_path / "other", "wb") as writing,
        tempfile.TemporaryFile("w") as temporary,
    ):
        loads: list[tuple[Any, str, str]] = [
            (text, "type", "text"),
            (io.StringIO("x"), "type", "text"),
            (stream(read=lambda size: "text"), "type", "str"),
            (b"TACIT\0", "type", "got bytes"),
            (7, "type", "got int"),
            (object(), "type", "got object"),
            (writing, "file", ""),
            (closed, "file", "closed"),
            (stream(read=fail), "file", "Input/output error"),
            (stream(read=lambda size: None), "file", "waits"),
        ]
        for source, slug, words in loads:
            error = refusal(lambda source=source: tacit.Program.load(source))
            assert (error.slug, words in error.reason) == (slug, True), (source, error)
            assert error.place
            assert error.remedy
        targets: list[tuple[Any, str, str]] = [
            (text, "type", "text"),
            (io.StringIO(), "type", "text"),
            (bytearray(), "type", "got bytes"),
            (7, "type", "got int"),
            (reading, "file", ""),
            (closed, "file", "closed"),
            (stream(write=fail), "file", "Input/output error"),
            (stream(write=lambda data: 0), "file", "got 0"),
            (stream(write=lambda data: len(data) + 1), "file", "to be taken"),
            (temporary, "type", "text"),
        ]
        for target, slug, words in targets:
            error = refusal(lambda target=target: made.program.save(target))
            assert (error.slug, words in error.reason) == (slug, True), (target, error)
        assert refusal(lambda: tacit.Program.load(io.BytesIO(b"x" * 99)), InvalidProof).place.startswith("a BytesIO")
    assert str(tmp_path / "file") in refusal(lambda: tacit.Program.load(reading)).place


def test_a_stream_without_an_end_is_bounded(made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = made.program.to_bytes()
    monkeypatch.setattr(storage, "MOST_PIPED", len(data) - 1)
    monkeypatch.setattr(storage, "_CHUNK", 1 << 10)
    given = []

    def endless(size: int) -> bytes:
        given.append(size)
        return b"\0" * size

    error = refusal(lambda: tacit.Program.load(stream(read=endless)))
    assert (error.slug, "expected at most" in error.reason) == ("file", True)
    assert sum(given) < len(data) + (1 << 11)
    # What unpacks a file may have no end either; the file itself, and what is in memory, have one.
    with gzip.open(tmp_path / "packed", "wb") as packed:
        made.program.save(packed)
    with gzip.open(tmp_path / "packed", "rb") as packed:
        assert "expected at most" in refusal(lambda: tacit.Program.load(packed)).reason
    made.program.save(tmp_path / "file")
    with open(tmp_path / "file", "rb") as file:
        assert tacit.Program.load(file) == made.program
    assert tacit.Program.load(io.BytesIO(data)) == made.program
    read, write = os.pipe()
    with os.fdopen(read, "rb") as source, os.fdopen(write, "wb") as target:
        writer = threading.Thread(target=lambda: (target.write(data), target.close()))
        writer.start()
        assert "expected at most" in refusal(lambda: tacit.Program.load(source)).reason
        source.read()
        writer.join()


def test_remaining_proofs_are_as_they_were(made: Made) -> None:
    """Nothing above has made a proof besides the one."""
    assert made.secret.remaining == PROOFS - 1
