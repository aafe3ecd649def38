"""Where a command writes: never over a file of another kind, a device or a pipe."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tacit.cli.files import BEGINNINGS, check_output, write_arrays
from tacit.errors import InputError


def made(folder: Path, kind: str) -> Path:
    path = folder / kind
    if kind == "arrays":
        write_arrays(path, {"x": np.zeros(2)})
    else:
        path.write_bytes(BEGINNINGS[kind][1][0] + b" the rest")
    return path


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("other", [*BEGINNINGS, "text"])
def test_only_a_file_of_the_same_kind_is_replaced(kind: str, other: str, tmp_path: Path) -> None:
    if other == "text":
        path = tmp_path / "notes.txt"
        path.write_text("what I know")
    else:
        path = made(tmp_path, other)
    if kind == other:
        assert check_output(path, kind=kind) == path
        return
    with pytest.raises(InputError) as caught:
        check_output(path, kind=kind)
    assert caught.value.slug == "exists"
    assert BEGINNINGS[kind][0] in caught.value.reason


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError) as caught:
        check_output(pipe, kind="arrays")
    assert caught.value.slug == "file"
    with pytest.raises(InputError):
        check_output(Path(os.devnull))
