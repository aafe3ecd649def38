"""Words for sizes and times, progress on stderr, and objects as JSON."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pytest

from tacit import console
from tacit.cli.failures import report
from tacit.cli.inspecting import MOST_ROWS, _shortened
from tacit.errors import InputError


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 µs"),
        (0.00085, "850 µs"),
        (0.0009996, "1.00 ms"),
        (0.0124, "12.4 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (42.0, "42.0 s"),
        (125.3, "2 min 5 s"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert console.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (150_000, "146 KiB"), (2**40, "1024 GiB")]
)
def test_size(count: int, words: str) -> None:
    assert console.size(count) == words


def test_short_work_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with console.busy("quick"):
        pass
    assert capfd.readouterr() == ("", "")


def test_long_work_says_so_on_stderr(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.02)
    with console.busy("slow [work]"):
        time.sleep(0.2)
    out, err = capfd.readouterr()
    assert out == ""
    first, last = err.strip().splitlines()
    assert first == "slow [work] ..."
    assert last.startswith("slow [work]: ")


def test_a_failure_passes_through_busy() -> None:
    with pytest.raises(ZeroDivisionError), console.busy("failing"):
        raise ZeroDivisionError


@dataclasses.dataclass
class Example:
    """A typical result."""

    values: np.ndarray
    digest: bytes
    nested: dict[str, tuple[np.int64, Path]]


def test_plain_data_survives_json() -> None:
    example = Example(np.array([[1.5, -2.0]]), b"\x00\xff", {"a": (np.int64(3), Path("x/y"))})
    data = console.plain(example)
    assert json.loads(json.dumps(data)) == {"values": [[1.5, -2.0]], "digest": "00ff", "nested": {"a": [3, "x/y"]}}


#: Clear the screen, green, the 8-bit CSI, a new line, text from right to left.
HOSTILE = "x\x1b[2J\x1b[32maccepted\x9b1m\nproof accepted\u202edetpecca\r"


def test_numbers_that_json_does_not_know_become_strings(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"a": float("nan"), "b": [np.inf, -np.inf, 1.5], "c": np.array([np.nan, 2.0])})

    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found == {"a": "nan", "b": ["inf", "-inf", 1.5], "c": ["nan", 2.0]}


def test_names_paint_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console.show(
        {"name": HOSTILE, HOSTILE: [1], HOSTILE * 2: {HOSTILE: 1}, "rows": [{HOSTILE: HOSTILE}], "all": [HOSTILE]}
    )
    with console.busy(HOSTILE):
        pass
    console.stdout().print(f"[bold]{HOSTILE}[/bold]")
    code = report(InputError(HOSTILE, slug="name", place=HOSTILE), as_json=False)
    out, err = capsys.readouterr()
    assert code == 1
    assert "accepted" in out
    assert "accepted" in err
    for text in (out, err):
        assert not [c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e"]
    # Only a message of this program's own may end a line.
    assert [line for line in (out + err).splitlines() if line.strip().startswith("proof accepted")] == [
        "proof accepted\ufffddetpecca\ufffd"
    ]


def test_json_paints_nothing_and_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({HOSTILE: "é" + HOSTILE})
    out = capsys.readouterr().out
    assert json.loads(out) == {HOSTILE: "é" + HOSTILE}
    assert "é" in out
    assert not [c for c in out if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e"]


def test_styles_are_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console.stdout().print("[bold]fine[/bold]")
    assert "\x1b[1mfine\x1b[0m" in capsys.readouterr().out


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    terms = [{"term": "fold [1]", "bits": 128.5}, {"term": "alpha", "bits": 160}]
    console.show(
        {"prove_seconds": 0.0124, "proof_bytes": 150_000, "ok": True, "hidden": ["weights", "input"], "terms": terms}
    )
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "prove seconds 12.4 ms",
        "proof bytes 146 KiB",
        "ok yes",
        "hidden",
        "weights",
        "input",
        "terms",
        "term bits",
        "fold [1] 128.5",
        "alpha 160",
    ]


def test_long_tables_are_cut_for_people() -> None:
    rows = [{"name": f"t{i}"} for i in range(100)]
    short = _shortened({"kind": "commitment", "tensors": rows, "sizes": {"a": 1}})
    assert short["tensors"] == rows[:MOST_ROWS]
    assert short["tensors not shown here (--json has them)"] == 100 - MOST_ROWS
    assert (short["kind"], short["sizes"]) == ("commitment", {"a": 1})


def test_numbers_of_a_list_have_no_commas_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """[1,080, 968] would be three numbers."""
    console.show({"integers": [[1080, 968]], "ids": [1000, 1999], "records": 1000})
    out = capsys.readouterr().out
    assert "[[1080, 968]]" in out
    assert "[1000, 1999]" in out
    assert "1,000" in out
    assert console.entries([1234.0, 5.0]) == "1234, 5"
