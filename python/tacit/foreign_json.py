"""JSON that somebody else wrote: read in one place, and never deeper than a reader of it needs.

Python's reader calls itself once a level, and stops at the interpreter's recursion limit. Some packages raise that limit for
the whole process, and then deep lists end the process instead of an error: so depth is looked at before anything is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

#: Lists and objects within each other, at most.
MOST_DEPTH = 64
_NEITHER = bytes(set(range(256)) - set(b'"[]{}'))


class TooDeep(ValueError):
    """More lists and objects within each other than `MOST_DEPTH`."""


def parse(
    data: bytes,
    *,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    """The value of JSON in UTF-8. Raises ValueError: TooDeep, UnicodeDecodeError, JSONDecodeError, or of too many digits."""
    if deep(data):
        raise TooDeep(f"expected at most {MOST_DEPTH} lists and objects within each other, got more")
    return json.loads(data.decode(), object_pairs_hook=object_pairs_hook, parse_constant=parse_constant)


def said(error: Exception) -> str:
    """Why somebody else's JSON is not what it should be, in words: no name of a Python class, which helps no reader."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"expected text in UTF-8, got another byte at {error.start}"
    if isinstance(error, KeyError):
        return f"expected the key {str(error.args[0])[:40]!r}, got none" if error.args else "a key is missing"
    if isinstance(error, ValueError) and "unpack" not in str(error):
        return str(error)[:200]
    return "a part of it is of another type or length than it must be"


def deep(data: bytes) -> bool:
    """Whether brackets outside strings stand deeper than `MOST_DEPTH`: one pass, no calls within calls."""
    # An escaped quote ends no string; pairs of backslashes go first, so that the last of three still escapes.
    left = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NEITHER)
    if left.count(b"[") + left.count(b"{") <= MOST_DEPTH:
        return False
    depth, inside = 0, False
    for byte in left:
        if byte == 0x22:  # "
            inside = not inside
        elif not inside:
            depth += 1 if byte in b"[{" else -1
            if depth > MOST_DEPTH:
                return True
    return False
