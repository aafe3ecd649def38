"""Which build of the extension module is chosen, from a processor's flags."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tacit import _load

V3 = sorted(_load.LEVELS["v3"])
V4 = sorted(_load.LEVELS["v3"] | _load.LEVELS["v4"])


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A folder with builds of all levels, empty ones."""
    for level in ("", "_v3", "_v4"):
        (tmp_path / f"_native{level}{EXTENSION_SUFFIXES[0]}").touch()
    return tmp_path


def name(path: Path | None) -> str | None:
    return None if path is None else path.name.split(".")[0]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], None),
        (["avx2"], None),
        (V3, "_native_v3"),
        (V4, "_native_v4"),
        (sorted(set(V4) - {"fma"}), None),
        (sorted(set(V4) - {"avx512vl"}), "_native_v3"),
    ],
)
def test_best_supported_level(wheel: Path, flags: list[str], expected: str | None) -> None:
    assert name(_load.choose(flags, wheel)) == expected


def test_build_on_a_machine_has_only_the_plain_module(tmp_path: Path) -> None:
    assert _load.choose(V4, tmp_path) is None


def test_missing_level_steps_down(wheel: Path) -> None:
    (wheel / f"_native_v4{EXTENSION_SUFFIXES[0]}").unlink()
    assert name(_load.choose(V4, wheel)) == "_native_v3"


def test_asked_level(wheel: Path) -> None:
    assert _load.choose(V4, wheel, "baseline") is None
    assert name(_load.choose(V4, wheel, "v3")) == "_native_v3"
    with pytest.raises(ImportError, match="no such level"):
        _load.choose(V4, wheel, "v5")
    with pytest.raises(ImportError, match="this processor lacks it"):
        _load.choose(V3, wheel, "v4")
    (wheel / f"_native_v4{EXTENSION_SUFFIXES[0]}").unlink()
    with pytest.raises(ImportError, match="no build of that level"):
        _load.choose(V4, wheel, "v4")


def test_flags_of_the_first_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx avx2\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert _load.processor_flags(cpuinfo) == {"fpu", "avx", "avx2"}
    assert _load.processor_flags(tmp_path / "none") == frozenset()
    cpuinfo.write_text("processor : 0\nFeatures : fp asimd\n")
    assert _load.processor_flags(cpuinfo) == frozenset()


def test_a_level_takes_the_place_of_the_module(tmp_path: Path) -> None:
    """The real extension module, copied as a level, is what `import tacit._native` then gives."""
    if "v3" not in _load.supported_levels(_load.processor_flags()):
        pytest.skip("this processor has no level beyond the baseline")
    spec = importlib.util.find_spec("tacit._native")
    assert spec is not None
    assert spec.origin is not None
    package = tmp_path / "tacit"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(str(_load.__file__), package / "_load.py")
    shutil.copy(spec.origin, package / f"_native_v3{EXTENSION_SUFFIXES[0]}")
    script = "import tacit._load, tacit._native, tacit; print(tacit._native.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "TACIT_SIMD": "v3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(run.stdout.strip()).name == f"_native_v3{EXTENSION_SUFFIXES[0]}"
