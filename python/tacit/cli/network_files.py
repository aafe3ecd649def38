"""What servers and nodes of a training network write, told apart for `tacit inspect`: lineages, their objects, a node's files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tacit import console

#: Bytes of an object that is looked into: more has no message, and models and proofs are told by their names alone.
MOST = 1 << 28
#: A node's file of a round.
_ROUND = re.compile(r"round-([0-9]{1,9})\.([a-z-]+?)(-[0-9a-f]{16})?")
_TIMES = ("opened", "deadline", "time")


def told(path: Path) -> dict[str, Any] | None:
    """What a lineage, one of its objects, or a node's file is; None of any other file. Verifies nothing. Raises InvalidProof."""
    if path.is_dir():
        return _lineage(path) if (path / "lineage").is_file() else None
    if not path.is_file():
        return None
    about: dict[str, Any] | None = None
    if path.name == "lineage":
        about = _head(path)
    elif re.fullmatch("[0-9a-f]{64}", path.name):
        about = _object(path)
    elif round_file := _ROUND.fullmatch(path.name):
        about = _of_round(path, int(round_file[1]), round_file[2])
    return None if about is None else {"file": str(path), "bytes": path.stat().st_size, **about}


def _lineage(folder: Path) -> dict[str, Any]:
    count = sum(1 for file in (folder / "objects").glob("*/*") if file.is_file())
    told = {"objects": count, "schema": (folder / "schema").is_file()}
    return {"file": str(folder), **_head(folder / "lineage"), **told}


def _head(path: Path) -> dict[str, Any]:
    from tacit.api.native import read_file
    from tacit.network.lineage.files import MAGIC, Head

    head = Head.from_bytes(read_file(path, len(MAGIC) + 65))
    statement = "where a lineage begins: its task and its last link; `tacit lineage verify` verifies all of it"
    return {"kind": "lineage", "statement": statement, "task": head.task.hex(), "link": head.link.hex()}


def _object(path: Path) -> dict[str, Any] | None:
    """By its name, which is a digest with its kind's label in front."""
    from tacit.api.native import read_file
    from tacit.network import digests
    from tacit.network.digests import tagged

    data, name = read_file(path, MOST), bytes.fromhex(path.name)
    behind = data[64:]
    for kind in _kinds().values():
        for signed, body in ((False, data), (True, behind)):
            # What is longer is no such message, and hashing it for every kind would take long.
            if len(body) <= kind.most and kind.digest(body) == name:
                return _message(kind, data, signed)
    parts = {
        digests.MODEL: "a model in integers",
        digests.MANIFEST: "a manifest",
        digests.COMMITMENT: "a commitment",
        digests.PROOF: "a proof",
        digests.EVIDENCE: "a beacon's evidence",
    }
    for label, what in parts.items():
        if tagged(label, data) == name:
            return {"kind": "object", "statement": f"of a lineage: {what}"}
    return None


def _kinds() -> dict[str, Any]:
    from tacit.network import messages
    from tacit.network.task import TASK

    names = ("REGISTRATION", "ROSTER", "ANNOUNCEMENT", "REPLY", "DELIVERY", "RECEIPT", "CLOSING", "RESULTS", "LINK")
    return {kind.place: kind for kind in (TASK, *(getattr(messages, name) for name in names))}


def _message(kind: Any, data: bytes, signed: bool) -> dict[str, Any]:
    from tacit.data.manifest import date

    message = kind.open(data)[0] if signed else kind.read(data)
    found = {name: date(value) if name in _TIMES else value for name, value in vars(message).items()}
    statement = (
        f"of a lineage: a {kind.place}, its signature not checked" if signed else f"of a lineage: a {kind.place}"
    )
    return {"kind": kind.place, "statement": statement, **console.plain(found)}


def _of_round(path: Path, round: int, what: str) -> dict[str, Any] | None:
    from tacit.api.native import read_file
    from tacit.network.wire import unpack

    data = read_file(path, MOST)
    if what in ("announcement", "revealed", "second-announcement"):
        return _message(_kinds()["announcement"], data, signed=True)
    if what == "receipt":
        return _message(_kinds()["receipt"], data, signed=True)
    if what in ("brief", "reply"):
        parts = {name: len(part) for name, part in unpack(data, MOST, str(path)).items()}
        statement = (
            "what the server gave" if what == "brief" else "what the node signed; asked again, it sends the same"
        )
        return {"kind": what, "statement": statement, "round": round, "parts, in bytes": parts}
    return None
