"""The one map from the extension module's failures to the package's exceptions, and files that are whole or absent."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tacit import _native
from tacit.api import leftovers
from tacit.api.kinds import FILE_KINDS
from tacit.errors import AllowanceExceeded, InputError, InvalidProof, ProgramError, TacitError

_level, _fits = _native.simd()
if not _fits:
    raise ImportError(
        f"this build of tacit uses {_level} instructions, which this processor lacks; "
        "install it from source here, or use the portable wheel (docs/adr/0001)"
    )

_KINDS: dict[str, type[TacitError]] = {
    "proof": InvalidProof,
    "file": InvalidProof,
    "input": InputError,
    "allowance": AllowanceExceeded,
    "program": ProgramError,
}

#: What to do next, where the extension module does not say it: it knows programs, but neither calibration nor headroom.
_HINTS = {
    "header": "commit these values for this program: a commitment made for another one, or for other options, does not fit",
}

#: All that an error says of values inside the network: which value, where and on which side tells of weights and inputs.
INSIDE = "inside the network"
NO_ROOM = "expected values that the program has room for, got one that leaves its range"
NO_ROOM_REMEDY = (
    'compile for a total program (overflow="total", --overflow total), or with samples that reach it; '
    "detail=True or --show-hidden tells the owner of the weights which value it is"
)

#: Bytes read from a pipe or a device at most.
MOST_PIPED = 1 << 28


#: A refusal of a count: its journal, or the role of a secret without one, then the reason.
_COUNTED = re.compile(r"(.+\.journal|model|data|output): (.+)", re.DOTALL)


def _named_kinds(reason: str) -> str:
    """`expected kind 1, got 2` in words."""

    def name(kind: re.Match[str]) -> str:
        return f"a {FILE_KINDS[int(kind[1])]} file" if int(kind[1]) in FILE_KINDS else f"kind {kind[1]}"

    return re.sub(r"(?:kind )?\b(\d+)\b", name, reason)


def _named_value(place: str) -> str:
    """The value of the model that a limb, a remainder or a lookup belongs to (its lowering appends `.4`, `.r0`, `.out`)."""
    return re.sub(r"(\.(\d+|r\d+|out|start|step|line|quotient|rest))+$", "", place.removeprefix("lookup "))


def exception(parts: tuple[str, str, str, str, str], place: str = "", *, detail: bool = False) -> TacitError:
    """The exception for a failure's (kind, slug, place, reason, remedy); `place` goes in front of its own, where that is another.

    A value inside the network that has no room (slug execution): one sentence for all of them. With `detail` the tensor
    and the value are in `details["hidden"]`, and still not in the sentence.
    """
    kind, slug, where, reason, remedy = parts
    if slug == "execution":
        hidden = {"where": _named_value(where), "reason": reason}
        details = {"hidden": hidden} if detail else {}
        return InputError(NO_ROOM, slug=slug, place=INSIDE, remedy=NO_ROOM_REMEDY, details=details)
    if slug == "file_kind":
        reason = _named_kinds(reason)
    found = list(dict.fromkeys(part for part in (place, where) if part))
    if kind == "allowance" and (counted := _COUNTED.fullmatch(reason)):
        found, reason = [counted[1]], counted[2]
    error = _KINDS.get(kind, TacitError)
    return error(reason, slug=slug, place=": ".join(found), remedy=remedy or _HINTS.get(slug, ""))


@contextmanager
def failures(place: str = "", *, detail: bool = False) -> Iterator[None]:
    """Raise the package's own exceptions for failures of the extension module, as `exception` makes them."""
    try:
        yield
    except _native.Failure as failure:
        error = exception(failure.args, place, detail=detail)
        # `from None` hides the failure from a printed traceback only: it stays the error's context, for whoever looks.
        failure.args = (error.slug,)
        try:
            raise error from None
        finally:
            del error  # a frame that holds what it raises is a circle: secrets, and their locks, would outlive the call


def read_file(path: str | os.PathLike[str], most: int | None = None) -> bytes:
    """The bytes of a file, or the first of them: `most` at most. Raises InputError when it cannot be read."""
    try:
        with open(path, "rb") as file:
            # A pipe will do, but one without an end would fill the memory.
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            whole = None if regular else MOST_PIPED + 1
            data = file.read(whole if most is None else most)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise InputError(getattr(error, "strerror", None) or str(error), slug="file", place=str(path)) from None
    if not regular and len(data) > MOST_PIPED:
        raise InputError(
            f"expected at most {MOST_PIPED} bytes from what is no file, got more", slug="file", place=str(path)
        )
    return data


def write_file(path: str | os.PathLike[str], data: bytes, *, private: bool = False) -> None:
    """Write a file atomically: to a temporary one in its folder, fsync, rename, fsync of the folder.

    `private`: readable by its owner only. Raises InputError when it cannot be written; then nothing has changed.
    """

    def fill(handle: int, _: str) -> None:
        # Without a buffer, which would be written once more after a failure.
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]

    with staged(path, fill, private=private):
        pass


@contextmanager
def staged(path: str | os.PathLike[str], fill: Callable[[int, str], None], *, private: bool = False) -> Iterator[None]:
    """As `write_file`, but what is done inside comes between: the data is on the disk then, under another name.

    `fill` puts it there: it gets the empty file, open and by name.
    """
    if "\0" in os.fspath(path):
        raise InputError("expected the name of a file, got one with a NUL", slug="file", place=str(path))
    target = Path(path)
    temporary, handle = "", -1
    try:
        leftovers.remove(target)
        handle, temporary = leftovers.temporary(target, 0o600 if private else 0o666)
        fill(handle, temporary)
        os.fsync(handle)
        yield
        # Open, and so locked, until it has its name.
        os.replace(temporary, target)
        temporary = ""
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise InputError(error.strerror or str(error), slug="file", place=str(path)) from None
    finally:
        if temporary and os.path.exists(temporary):  # also when interrupted
            os.unlink(temporary)
        if handle >= 0:
            os.close(handle)
