"""What people see in a terminal: progress and messages on stderr, tables and facts on stdout, sizes and times in words.

Data meant for programs never passes through here, except as JSON: `plain` turns the package's objects into it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from tacit.progress import PATIENCE, told


def stdout() -> Console:
    """A console on the current standard output."""
    return _console(sys.stdout)


def stderr() -> Console:
    """A console on the current standard error."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    # Nothing is folded where no person reads: a path in a log or a pipe stays in one piece.
    return _Console(file=stream, highlight=False, width=None if stream.isatty() else 1000)


# --- what came from a file --------------------------------------------------------------------------------------------

#: Characters that move the cursor, set colours, turn the direction of writing or are not seen at all: control characters,
#: bidi controls, joiners and fillers;
#: and bytes of a path that are no text (surrogates), which no output could encode.
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[{_CONTROLS}]")


def one_line(text: str) -> str:
    """A name or reason that came from a file, perhaps somebody else's: control characters become U+FFFD, line ends spaces."""
    return _UNSAFE.sub("\ufffd", re.sub(r"[ \t]*[\t\n]+[ \t]*", " ", text))


class _Console(Console):
    """Prints no control character of a text: rich makes its own styles after this, so only a file's are lost."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(_UNSAFE.sub("\ufffd", text), **options)


# --- words ------------------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """A time in words, three digits at most: `850 µs`, `12.4 ms`, `3.21 s`, `2 min 5 s`."""
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        milliseconds = seconds * 1e3
        return f"{milliseconds:.{_decimals(milliseconds)}f} ms"
    if seconds < 99.95:
        return f"{seconds:.{_decimals(seconds)}f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def size(count: int) -> str:
    """A number of bytes in words, in powers of 1024: `512 B`, `148 KiB`, `1.21 MiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1023.5 or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{value:.{_decimals(value)}f} {unit}"
        value /= 1024
    raise AssertionError("unreachable: the last unit takes every value")


def number(value: float) -> str:
    """A number as people write it: thousands separated, four significant digits for fractions."""
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}"
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e7):
        return f"{value:.3g}"
    return f"{value:,.4g}"


#: Entries of an array that are shown to people.
MOST_ENTRIES = 12


def entries(values: Any) -> str:
    """The first numbers of an array."""
    flat = np.asarray(values).reshape(-1)
    shown = ", ".join(_listed(float(value)) for value in flat[:MOST_ENTRIES])
    return f"{shown}, ..." if flat.size > MOST_ENTRIES else shown


def _listed(value: float) -> str:
    """A number among others: a comma stands between them, so it stands in none."""
    return number(value).replace(",", "")


def _decimals(value: float) -> int:
    return 0 if value >= 99.95 else 1 if value >= 9.995 else 2


# --- progress ---------------------------------------------------------------------------------------------------------


@contextmanager
def busy(message: str, *, tell_end: bool = True) -> Iterator[None]:
    """Run the body; if it takes longer than `PATIENCE` seconds, say on stderr that it goes on, and at its end how long.

    On a terminal that is a spinner, elsewhere one line when the patience ends and one at the end.
    """
    console = stderr()
    message = one_line(message)
    spinner: Status | None = None
    lock = threading.Lock()
    done = False
    shown = False

    def show() -> None:
        nonlocal spinner, shown
        with lock:
            if done:
                return
            shown = True
            if console.is_terminal:
                spinner = console.status(escape(message))
                spinner.start()
            else:
                console.print(f"{escape(message)} ...")

    timer = threading.Timer(PATIENCE, show)
    timer.daemon = True
    start = time.perf_counter()
    timer.start()
    try:
        with told():
            yield
    finally:
        timer.cancel()
        with lock:
            done = True
            if spinner is not None:
                spinner.stop()
    if shown and tell_end:
        console.print(f"[dim]{escape(message)}: {duration(time.perf_counter() - start)}[/dim]")


def note(message: str) -> None:
    """Something worth knowing before work goes on, on stderr."""
    if message:
        stderr().print(f"[dim]note:[/dim] {escape(one_line(message))}")


# --- layout -----------------------------------------------------------------------------------------------------------


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Two columns, names and values; the values may hold rich markup."""
    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(escape(one_line(name)), value)
    return grid


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> Table:
    """A table; the first column holds names, the others figures, aligned right."""
    result = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        result.add_column(
            escape(one_line(column)), justify="left" if index == 0 else "right", header_style="dim", overflow="fold"
        )
    for row in rows:
        result.add_row(*row)
    return result


def show(value: Mapping[str, Any], *, depth: int = 0) -> None:
    """Print JSON data on stdout for people: names and values, nested objects below their name, records as tables."""
    out = stdout()
    leaves = [(name, item) for name, item in value.items() if not _nested(item)]
    if leaves:
        rows = [(name.replace("_", " "), escape(_leaf(name, item))) for name, item in leaves]
        out.print(_indented(facts(rows), 2 * depth))
    for name, item in value.items():
        if not _nested(item):
            continue
        out.print(_indented(f"[bold]{escape(one_line(name).replace('_', ' '))}[/bold]", 2 * depth))
        if isinstance(item, Mapping):
            show(item, depth=depth + 1)
        elif all(isinstance(entry, Mapping) for entry in item):
            columns = list(dict.fromkeys(key for entry in item for key in entry))
            cells = [[escape(_leaf(key, entry.get(key))) for key in columns] for entry in item]
            out.print(_indented(table(columns, cells), 2 * depth + 2))
        else:
            for entry in item:
                out.print(_indented(escape(_leaf("", entry)), 2 * depth + 2))


def _indented(renderable: RenderableType, columns: int) -> Padding:
    return Padding(renderable, (0, 0, 0, columns), expand=False)


def _nested(value: Any) -> bool:
    """Whether a value needs lines of its own: an object, a list of objects or of sentences."""
    if isinstance(value, Mapping):
        return bool(value)
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, (str, Mapping)) or _nested(item) for item in value)
    return False


def _leaf(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if name.endswith("seconds"):
            return duration(value)
        return size(int(value)) if name.endswith("bytes") else number(value)
    if isinstance(value, (list, tuple)):
        numeric = (int, float)
        shown = ", ".join(
            _listed(item) if isinstance(item, numeric) and not isinstance(item, bool) else _leaf("", item)
            for item in value[:16]
        )
        return f"[{shown}{', ...' if len(value) > 16 else ''}]"
    if isinstance(value, Mapping):
        return "none"
    return one_line(str(value))


# --- data -------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON data: dataclasses and mappings become objects, arrays lists, bytes hexadecimal strings.

    Infinities and NaN, which JSON has no numbers for, become strings.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    as_dict = getattr(value, "to_dict", None) or getattr(value, "as_dict", None)
    if callable(as_dict):
        return plain(as_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


def print_json(value: Any) -> None:
    """JSON of `plain(value)` on stdout, and a line end."""
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    # Outside strings there is none of them but the line ends.
    sys.stdout.write(_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    sys.stdout.flush()
