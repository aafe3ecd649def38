"""What commands print, made comparable to the files of a folder of snapshots, and compared.

Only what differs between runs is masked: times, memory, roots and identities (they are random), the sizes of what holds
Merkle paths (they vary with the positions drawn). TACIT_WRITE_SNAPSHOTS=1 writes the files anew.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tacit import console
from tacit.cli.app import run

# --- what is masked ---------------------------------------------------------------------------------------------------

TIME = r"(?:\d[\d.]* (?:µs|ms|s)|\d+ min \d+ s)"
SIZE = r"\d[\d,.]* (?:B|KiB|MiB|GiB)"
MASKS = (
    (rf"^(took +){TIME}$", r"\1<time>"),
    (rf"^(accepted in ){TIME}$", r"\1<time>"),
    (rf"^(peak memory +){SIZE}$", r"\1<memory>"),
    (r"^phase +time +share$", "phase  time  share"),
    (rf"^(?! )(\w[\w ]*?) +{TIME} +\d+ %$", r"\1  <time>  <share>"),
    (rf"^((?:publish|proof) +\S+\.(?:commitment|proof)) \({SIZE}\)$", r"\1 (<size>)"),
    (rf"^((?:validity|argument) bytes +){SIZE}$", r"\1<size>"),
    (rf"^(bytes +){SIZE}(?=\nkind +(?:commitment|secret|proof)$)", r"\1<size>"),
    (r"^Traceback \(most recent call last\):\n(?:.*\n)*?(?=AttributeError)", "<trace>\n"),
)


def masked(text: str, digests: set[str]) -> str:
    """`digests`: the programs', which are the same everywhere and stay."""
    text = "\n".join(line.rstrip() for line in text.splitlines())
    for pattern, placeholder in MASKS:
        text = re.sub(pattern, placeholder, text, flags=re.MULTILINE)
    return re.sub(r"\b[0-9a-f]{64}\b", lambda found: found[0] if found[0] in digests else "<digest>", text)


def keys(value: Any, path: str = "") -> Iterator[str]:
    """`path: type` of every leaf of JSON data."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from keys(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        yield from dict.fromkeys(line for item in value for line in keys(item, f"{path}[]"))
    else:
        numbers = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield f"{path}: {'number' if numbers else type(value).__name__}"


def plain_help(text: str) -> str:
    """The words of a help page: no boxes, no columns, and no names of types, which every release of typer writes anew."""
    lines = []
    for line in re.sub("[\u2500-\u257f]", " ", text).splitlines():
        line = re.sub(r"<(?:bool|path|str|int|float|int range)>|\b(?:INTEGER(?: RANGE)?|FLOAT|TEXT|PATH)\b", "", line)
        line = re.sub(r"[\[<]([a-z]+(?:\|[a-z]+)+)[\]>]", r"<\1>", line).replace("[default: None]", "")
        # Some releases put an argument's name in Python before its own (M.tacit), or in its place where the two agree.
        line = re.sub(r"^ *\* +[a-z_]+ +(?=[A-Z]+\.)", "* ", line)
        line = re.sub(r"^ *\* +[a-z_]+ ", lambda found: found[0].upper(), line)
        line = re.sub(r"\{([\w.]+)\}", r"\1", line)
        lines.append(" ".join(line.split()))
    return "\n".join(line for line in lines if line)


# --- running ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def plain_folder(folder: Path, *unset: str) -> Iterator[None]:
    """Commands run in the folder, and say the same whatever the terminal; without these variables of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(console, "PATIENCE", 3600.0)  # a slow machine says no more than a fast one
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", *unset):
            patch.delenv(name, raising=False)
        yield


def printed(command: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command line."""
    gc.collect()  # a command is a process of its own: a secret that an earlier error's frames hold would still be locked
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(command.split())
    return code, out.getvalue(), err.getvalue()


def shot(command: str, code: int, out: str, err: str) -> str:
    parts = [f"$ tacit {command}", f"exit code {code}", "--- stdout", out.rstrip("\n"), "--- stderr", err.rstrip("\n")]
    return "\n".join(part for part in parts if part) + "\n"


def told(name: str, out: str) -> str:
    """Stdout of the command of that name; `keys-..`: the names and types of the JSON in it."""
    return "\n".join(keys(json.loads(out))) if name.startswith("keys-") else out


def help_name(command: str) -> str:
    return "-".join(["help", *command.split()])


def help_pages(commands: tuple[str, ...]) -> dict[str, str]:
    """By name. A process of its own prints them: typer looks at the terminal when it is imported."""
    script = (
        f"from tacit.cli.app import run\nfor c in {commands!r}: run([*c.split(), '--help']);"
        " print('\\f', end='', flush=True)"
    )
    hidden = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"COLUMNS": "250", "TERM": "dumb", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, encoding="utf-8", check=True
    )
    pages = done.stdout.split("\f")
    return {help_name(c): plain_help(page) + "\n" for c, page in zip(commands, pages[:-1], strict=True)}


# --- comparing --------------------------------------------------------------------------------------------------------


def compare(file: Path, text: str, test: str) -> None:
    """Fails with the difference to the file, which is written anew where that is asked for; `test`: the file of the test."""
    rewrite = f"TACIT_WRITE_SNAPSHOTS=1 python -m pytest tests/cli/{Path(test).name}"
    if os.environ.get("TACIT_WRITE_SNAPSHOTS") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"no {file.name}: write it with {rewrite}"
    kept = file.read_text(encoding="utf-8")
    if kept != text:
        lines = (each.splitlines() for each in (kept, text))
        difference = "\n".join(difflib.unified_diff(*lines, file.name, "printed now", lineterm=""))
        pytest.fail(f"{difference}\n\nif that is meant: {rewrite}", pytrace=False)


def assert_files_are(folder: Path, names: Iterable[str]) -> None:
    assert {file.name for file in folder.iterdir()} == {f"{name}.txt" for name in names}
