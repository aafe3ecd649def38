"""JSON from endpoints that may be slow or wrong: bounded bytes, bounded time, `http` and `https` only, no redirections."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Any

from tacit.errors import InputError
from tacit.foreign_json import parse

_CHUNK = 1 << 14


def get(url: str, *, most: int, seconds: float, body: bytes | None = None) -> bytes:
    """The bytes at a URL, or what answers a POST of `body`. Raises InputError (slug fetch).

    `most`: bytes at most; `seconds`: for the body, since a server that sends a byte now and then never times out by itself.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise InputError("expected http or https", slug="fetch", place=url)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    end = time.monotonic() + seconds
    found = bytearray()
    try:
        asked = urllib.request.Request(url, data=body, headers={**headers, "User-Agent": "tacit"})
        with _OPENER.open(asked, timeout=seconds) as answer:
            # read1 gives what is there; read would wait until the chunk is full.
            while part := answer.read1(_CHUNK):
                found += part
                if len(found) > most:
                    raise InputError(f"expected at most {most} bytes, got more", slug="fetch", place=url)
                if time.monotonic() > end:
                    raise InputError(f"no whole answer within {seconds:g} s", slug="fetch", place=url)
    except urllib.error.HTTPError as error:
        raise InputError(f"the server answers {error.code}", slug="fetch", place=url) from None
    except (OSError, ValueError, EOFError, HTTPException) as error:
        raise InputError(f"no answer: {type(error).__name__}", slug="fetch", place=url) from None
    return bytes(found)


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirection may lead to another machine of this network: the answer it is, not a way."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


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
