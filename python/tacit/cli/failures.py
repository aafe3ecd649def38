"""From exceptions to messages and exit codes: 0 fine, 1 the user's or the proof's fault, 2 a bug of this program.

A message says where, what was expected, what was there, and the next step. With `--json` the same stands on stdout as
`{"error": {...}}`.
"""

from __future__ import annotations

import re
import traceback
from typing import Any

import typer
from rich.markup import escape

from tacit import console
from tacit.errors import NEXT_STEPS, InvalidProof, TacitError

USER = 1
BUG = 2
INTERRUPTED = 130


def report(error: BaseException, *, as_json: bool) -> int:
    """Tell people (stderr) and, if asked, programs (stdout) what went wrong; the exit code."""
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        console.stderr().print("interrupted")
        return INTERRUPTED
    details = describe(error)
    if as_json:
        console.print_json({"error": details})
    _print(details)
    if details["kind"] == "bug":
        console.stderr().print("".join(traceback.format_exception(error)), markup=False, soft_wrap=True)
        return BUG
    return USER


def describe(error: BaseException) -> dict[str, Any]:
    """What is known of an error: kind, slug, reason, where, expected, got, next; absent parts are left out."""
    details: dict[str, Any]
    if isinstance(error, TacitError):
        details = {
            "kind": "refused" if isinstance(error, InvalidProof) else "error",
            "slug": error.slug,
            "reason": error.reason,
            "where": error.place,
            **_compared(error.reason),
            "next": error.remedy,
            "details": error.details,
        }
    elif hasattr(error, "format_message"):  # the argument parser's errors, whichever version of it
        details = {"kind": "error", "slug": "usage", "reason": error.format_message(), "next": "see tacit --help"}
    elif isinstance(error, FileNotFoundError):
        where = str(error.filename)
        details = {
            "kind": "error",
            "slug": "file",
            "reason": "no such file",
            "where": where,
            "next": NEXT_STEPS["file"],
        }
    elif isinstance(error, OSError) and error.filename is not None:
        details = {
            "kind": "error",
            "slug": "file",
            "reason": error.strerror or str(error),
            "where": str(error.filename),
            "next": NEXT_STEPS["file"],
        }
    elif isinstance(error, MemoryError):
        details = {"kind": "error", "slug": "memory", "reason": "not enough memory", "next": "a smaller batch or model"}
    else:
        details = {
            "kind": "bug",
            "slug": "bug",
            "reason": f"{type(error).__name__}: {error}",
            "next": "please report it with the command, the trace below and `tacit inspect` of the files",
        }
    return {name: value for name, value in details.items() if value not in (None, "", {})}


def _compared(reason: str) -> dict[str, str]:
    """What was expected and what came, of a reason that says so in these words."""
    found = re.fullmatch(r"(?:.*[:;] )?expected (?P<expected>.+), got (?P<got>.+)", reason, re.DOTALL)
    return found.groupdict() if found else {}


def _print(details: dict[str, Any]) -> None:
    titles = {"refused": "refused", "error": "error", "bug": "a bug in tacit"}
    err = console.stderr()
    hidden = details.get("details", {}).get("hidden")
    if hidden:
        details = {**details, "hidden": f"{hidden['where']}: {hidden['reason']}"}
    details = {name: console.one_line(str(value)) for name, value in details.items()}
    slug = f"[{details['slug']}]"
    err.print(f"[bold red]{titles[details['kind']]}[/bold red]: {escape(details['reason'])}  {escape(slug)}")
    rows = [
        (name, escape(details[name])) for name in ("where", "hidden", "next") if name in details
    ]  # the reason has the rest
    if rows:
        err.print(console.facts((f"  {name}", value) for name, value in rows))
