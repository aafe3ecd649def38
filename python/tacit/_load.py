"""Which build of the extension module this process uses.

The field arithmetic picks its vector instructions when it is compiled (docs/adr/0001). A build on a machine is for that
machine and has one file, `_native.abi3.so`. The portable wheel has two more, `_native_v3.abi3.so` and
`_native_v4.abi3.so`, for the levels x86-64-v3 (AVX2) and x86-64-v4 (AVX-512). This module must be imported before
anything imports `tacit._native`: where such a file stands beside it and the processor has the level, that becomes it.

`TACIT_SIMD=baseline|v3|v4` asks for a level; one that is not there is an ImportError, never a silent step down.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path

MODULE = "tacit._native"

#: The processor flags (as Linux names them) that each level adds to the ones before it; best level last.
LEVELS: dict[str, frozenset[str]] = {
    "v3": frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    "v4": frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
}


def processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The flags of the first processor; empty where the system does not list them (then the baseline is used)."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def supported_levels(flags: Iterable[str]) -> list[str]:
    """The levels beyond the baseline that a processor with these flags has, best first."""
    have = frozenset(flags)
    levels: list[str] = []
    for level, needed in LEVELS.items():
        if not needed <= have:
            break
        levels.insert(0, level)
    return levels


def level_file(level: str, folder: Path) -> Path | None:
    """The extension module built for a level, if this installation has one."""
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"_native_{level}{suffix}"
        if path.is_file():
            return path
    return None


def choose(flags: Iterable[str], folder: Path, asked: str = "") -> Path | None:
    """The file to load in place of the plain module, or None for the plain module.

    Raises ImportError when `asked` names a level that is unknown or that this installation or processor lacks.
    """
    supported = supported_levels(flags)
    if not asked:
        return next((path for level in supported if (path := level_file(level, folder))), None)
    if asked == "baseline":
        return None
    if asked not in LEVELS:
        raise ImportError(f"TACIT_SIMD={asked}: no such level; there are baseline, {', '.join(LEVELS)}")
    path = level_file(asked, folder)
    if path is None:
        raise ImportError(f"TACIT_SIMD={asked}: this installation has no build of that level")
    if asked not in supported:
        raise ImportError(
            f"TACIT_SIMD={asked}: this processor lacks it; it has {', '.join(supported) or 'the baseline'}"
        )
    return path


def load() -> None:
    """Put the best build for this processor in place of `tacit._native`; do nothing if that is the plain one."""
    path = choose(processor_flags(), Path(__file__).parent, os.environ.get("TACIT_SIMD", ""))
    if path is None:
        return
    if MODULE in sys.modules:
        raise ImportError(f"{MODULE} was imported before tacit._load: it is not the build for this processor")
    loader = ExtensionFileLoader(MODULE, str(path))
    spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path}: cannot be loaded as an extension module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[MODULE]
        raise
    # The import system would do this; `import tacit._native` now finds it in sys.modules and does not.
    package, _, name = MODULE.rpartition(".")
    setattr(sys.modules[package], name, module)


load()
