"""What the files of this package begin with, and where a secret's journal stands (docs/protocol/protocol.md, section 8)."""

from __future__ import annotations

import os
from pathlib import Path

#: The first bytes of every file but a journal; then comes the byte of its kind. Of a journal.
MAGIC, JOURNAL = b"TACIT\0", b"TACITB\0\x01"
#: Kinds of files, by their byte.
FILE_KINDS = {
    1: "program",
    2: "weights",
    3: "commitment",
    4: "secret",
    5: "proof",
    6: "manifest",
    7: "revocations",
    8: "training proof",
}
#: Bytes that tell the kind.
HEAD = len(MAGIC) + 1
#: What a secret file begins with.
SECRET = MAGIC + bytes([next(byte for byte, kind in FILE_KINDS.items() if kind == "secret")])


def kind_of(head: bytes) -> str | None:
    """The kind of a file that begins so, "journal" among them; None of one that is no file of this package."""
    if head[: len(JOURNAL)] == JOURNAL:
        return "journal"
    return FILE_KINDS.get(head[len(MAGIC)]) if head[: len(MAGIC)] == MAGIC and len(head) >= HEAD else None


def journal_of(secret: str | os.PathLike[str]) -> Path:
    """The journal of a secret file: beside it, its name and ".journal"."""
    return Path(f"{os.fspath(secret)}.journal")
