"""What killed saves leave behind: files under temporary names, and the journal of a secret that never got its name."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from tacit import _native
from tacit.api.kinds import SECRET, journal_of

try:
    import fcntl
except ImportError:  # a system without such locks: nothing is known of other processes, so nothing is removed
    fcntl = None  # type: ignore[assignment]

#: Bytes of a journal's head: magic, identity, allowance. A shorter one counts nothing yet.
_JOURNAL = 44
_RANDOM = 8


def temporary(target: Path, mode: int) -> tuple[int, str]:
    """A new file beside `target`, open for writing and locked, and its name. Raises OSError.

    Who holds the lock is alive: `remove` leaves the file alone.
    """
    while True:
        name = str(target.with_name(f".{target.name}.{secrets.token_hex(_RANDOM)}"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        # The mode at once: to look at the process's umask is to change it, for other threads as well.
        handle = os.open(name, flags, mode)
        # Between the two calls another process may have taken it for a leftover.
        if _lock(handle) is not False and _names(name, handle):
            return handle, name
        os.close(handle)


def remove(target: Path) -> None:
    """Remove what killed saves of `target` left: only plain files of this user, named as `temporary` does, that nobody holds.

    With a secret under such a name goes the journal that was started for it, unless a secret has the name by now. What cannot be
    removed stays.
    """
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{{2 * _RANDOM}}}", re.DOTALL)
    try:
        found = [name for name in os.listdir(target.parent) if pattern.fullmatch(name)]
    except OSError:
        return
    for name in found:
        path = target.with_name(name)
        handle = _held(path)
        if handle is None:
            continue
        try:
            # The journal first: what is left after another kill is found again by the temporary name.
            _remove_journal(target, handle)
            path.unlink()
        except OSError:
            pass
        finally:
            os.close(handle)


def _remove_journal(target: Path, secret: int) -> None:
    """Remove the journal at `target`'s side if the secret that is open here is the one that it counts."""
    identity = _identity(secret)
    journal = journal_of(target)
    if identity is None or os.path.lexists(target):
        return
    handle = _held(journal)
    if handle is None:
        return
    try:
        head = os.read(handle, _JOURNAL)
        if len(head) < _JOURNAL or head[8:40] == identity:
            journal.unlink()
    finally:
        os.close(handle)


def _identity(handle: int) -> bytes | None:
    """The identity of a secret file's commitment; None if it is no such file, or cut off before its end."""
    head = os.read(handle, len(SECRET) + 5)
    if not head.startswith(SECRET) or len(head) < len(SECRET) + 5:
        return None
    public = os.read(handle, min(int.from_bytes(head[-4:], "little"), 1 << 28))
    try:
        return bytes(_native.Commitment.from_file(public).identity)
    except _native.Failure:
        return None


def _held(path: Path) -> int | None:
    """A plain file of this user that no living process holds, open and locked here; None if it is none."""
    # O_NONBLOCK: a pipe of this name has no writer.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return None
    about = os.fstat(handle)
    ours = stat.S_ISREG(about.st_mode) and about.st_nlink == 1 and about.st_uid == os.geteuid()
    if ours and _lock(handle) and _names(path, handle):
        return handle
    os.close(handle)
    return None


def _lock(handle: int) -> bool | None:
    """Whether this process has the file's lock now; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _names(path: str | Path, handle: int) -> bool:
    """Whether the open file still has this name."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(handle))
    except OSError:
        return False
