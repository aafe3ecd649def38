"""JSON from endpoints that may be slow or wrong: bounded bytes, bounded time, `http` and `https` only, no redirections."""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from types import TracebackType
from typing import Any

from tacit.errors import InputError
from tacit.foreign_json import parse

_CHUNK = 1 << 14


def get(url: str, *, most: int, seconds: float, body: bytes | None = None) -> bytes:
    """The bytes at a URL, or what answers a POST of `body`. Raises InputError (slug fetch).

    `most`: bytes at most; `seconds`: for all of it once the host's address is known, headers included, since a server that sends
    a byte now and then never times out by itself.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise InputError("expected http or https", slug="fetch", place=url)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    found = bytearray()
    with _Deadline(seconds) as deadline:
        late = InputError(f"no whole answer within {seconds:g} s", slug="fetch", place=url)
        try:
            asked = urllib.request.Request(url, data=body, headers={**headers, "User-Agent": "tacit"})
            opener = urllib.request.build_opener(_Stay, _Http(deadline), _Https(deadline))
            with opener.open(asked, timeout=seconds) as answer:
                # read1 gives what is there; read would wait until the chunk is full.
                while part := answer.read1(_CHUNK):
                    found += part
                    if len(found) > most:
                        raise InputError(f"expected at most {most} bytes, got more", slug="fetch", place=url)
        except urllib.error.HTTPError as error:
            raise InputError(f"the server answers {error.code}", slug="fetch", place=url) from None
        except (OSError, ValueError, EOFError, http.client.HTTPException) as error:
            if deadline.over:
                raise late from None
            raise InputError(f"no answer: {type(error).__name__}", slug="fetch", place=url) from None
        # A connection that was cut looks like one that ended.
        if deadline.over:
            raise late
    return bytes(found)


class _Deadline:
    """Connections that are cut when the time is over, wherever their reader waits: for a handshake, headers or a body."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self._cut = False
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._doubles: list[socket.socket] = []

    @property
    def over(self) -> bool:
        return self._cut or time.monotonic() > self.end

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        for double in self._doubles:
            double.close()

    def connect(self, address: tuple[str, int], timeout: float, source: tuple[str, int] | None = None) -> socket.socket:
        """As `socket.create_connection`, within what is left."""
        found = socket.create_connection(address, max(self.end - time.monotonic(), 0.001), source)
        # A second handle: TLS takes the first one away.
        self._doubles.append(found.dup())
        if self._cut:
            self._shut()
        return found

    def made(self, kind: type[http.client.HTTPConnection]) -> Any:
        """What makes connections of this kind that are cut."""

        def make(host: str, **options: Any) -> http.client.HTTPConnection:
            connection = kind(host, **options)
            setattr(connection, "_create_connection", self.connect)  # noqa: B010
            return connection

        return make

    def _shut(self) -> None:
        self._cut = True
        for double in self._doubles:
            try:
                double.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended by itself
                continue


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._deadline.made(http.client.HTTPConnection), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._deadline.made(http.client.HTTPSConnection), req)


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirection may lead to another machine of this network: the answer it is, not a way."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def get_json(url: str, *, most: int, seconds: float, body: bytes | None = None) -> dict[str, Any]:
    """The JSON object at a URL. Raises InputError (slug fetch)."""
    data = get(url, most=most, seconds=seconds, body=body)
    try:
        found = parse(data)
    except ValueError:
        raise InputError("expected JSON, got something else", slug="fetch", place=url) from None
    if not isinstance(found, dict):
        raise InputError(f"expected a JSON object, got {type(found).__name__}", slug="fetch", place=url)
    return found


def hexadecimal(value: object, place: str, *, size: int | None = None) -> bytes:
    """Bytes of a text of hexadecimal digits, `0x` in front or not. Raises InputError (slug fetch)."""
    text = value.removeprefix("0x") if isinstance(value, str) else ""
    digits = all(letter in "0123456789abcdefABCDEF" for letter in text)
    if not isinstance(value, str) or not digits or len(text) % 2 or (size is not None and len(text) != 2 * size):
        wanted = "hexadecimal digits" if size is None else f"{2 * size} hexadecimal digits"
        raise InputError(f"expected {wanted}, got something else", slug="fetch", place=place)
    return bytes.fromhex(text)
