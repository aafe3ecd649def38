"""What is fetched has one deadline, whatever part of an answer a server drips."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.fetching import get
from tacit.network.objects import Web


@contextmanager
def dripping(first: bytes, again: bytes) -> Iterator[str]:
    """The address of a server that sends `first`, and then a byte of `again` every tenth of a second."""
    ended = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(4096)
            try:
                connection.sendall(first)
                while not ended.wait(0.1):
                    connection.sendall(again)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("scheme", "first", "again"),
    [
        ("http", b"HTTP/1.1 200 OK\r\nA: ", b"x"),
        ("http", b"HTTP/1.1 200 OK\r\n", b"A: x\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        ("http", b"", b"H"),
        # A handshake that does not end: a record of 16 KiB, byte by byte.
        ("https", b"\x16\x03\x03\x3f\xff", b"\x02"),
    ],
)
def test_what_drips(scheme: str, first: bytes, again: bytes) -> None:
    before, began = threading.active_count(), time.monotonic()
    with dripping(first, again) as place:
        with pytest.raises(InputError) as failure:
            get(f"{scheme}://{place}/", most=1 << 20, seconds=0.7)
        assert (failure.value.slug, failure.value.reason) == ("fetch", "no whole answer within 0.7 s")
        assert time.monotonic() - began < 5
    assert threading.active_count() <= before + 1


def test_a_lineage_that_drips() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nA: ", b"x") as place, pytest.raises(InvalidProof) as refusal:
        Web(f"http://{place}", seconds=0.5).file("lineage", 100, "lineage")
    assert refusal.value.slug == "object_missing"
    assert "within 0.5 s" in refusal.value.reason
