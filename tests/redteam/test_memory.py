"""What a process that held a secret still has in its memory: no seed, no cells, no weights once they are dropped."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tacit
from tacit import _native

Compiled = tuple[tacit.Program, tacit.Weights]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

#: Holds, uses and drops secrets; says how far it is, and waits.
HOLDER = """
import gc, sys
import numpy as np
import tacit
folder = sys.argv[1]
def stop(what):
    gc.collect()
    print(what, flush=True)
    sys.stdin.readline()
program, weights = tacit.Program.load(folder + "/p"), tacit.Weights.load(folder + "/w")
sample = {"x": np.load(folder + "/x.npy")}
secret = tacit.commit_model(program, weights)
secret.save(folder + "/m.secret")
stop("held")
tacit.prove(program, secret, sample)
del secret, weights
stop("dropped")
secret = tacit.Secret.load(folder + "/m.secret")
tacit.prove(program, secret, sample)
stop("held")
del secret
stop("dropped")
"""


def parts(path: Path, weights: tacit.Weights) -> dict[str, bytes]:
    """Seed and first cells as a secret file has them (protocol.md, section 8), and the first weights as Python has them."""
    data = path.read_bytes()
    end = 12 + int.from_bytes(data[8:12], "little")
    slab = data[end + 4 :]
    start = len(_native.Commitment.from_file(data[12:end]).bytes()) + 8
    first = max(weights.tensors.values(), key=np.size).reshape(-1)[:8]
    return {"seed": slab[start : start + 32], "cells": slab[start + 36 : start + 100], "weights": first.tobytes()}


def copies(process: int, secrets: dict[str, bytes]) -> dict[str, int]:
    """How often each is in the memory of a process. Skips the test where that cannot be read."""
    found = dict.fromkeys(secrets, 0)
    try:
        with Path(f"/proc/{process}/maps").open() as maps, Path(f"/proc/{process}/mem").open("rb", 0) as memory:
            for line in maps:
                bounds, rights = line.split()[:2]
                if "r" not in rights or "[v" in line:
                    continue
                start, end = (int(bound, 16) for bound in bounds.split("-"))
                memory.seek(start)
                try:
                    content = memory.read(end - start) or b""
                except OSError:
                    continue
                for name, secret in secrets.items():
                    found[name] += content.count(secret)
    except PermissionError:
        pytest.skip("the system does not let a parent read its child's memory")
    return found


def holder(code: str, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def test_what_is_dropped_is_wiped(compiled: Compiled, tmp_path: Path) -> None:
    program, weights = compiled
    program.save(tmp_path / "p")
    weights.save(tmp_path / "w")
    np.save(tmp_path / "x.npy", np.zeros((1, 4)))
    process = holder(HOLDER, tmp_path)
    assert process.stdin is not None
    assert process.stdout is not None
    seen = []
    with process:
        for line in process.stdout:
            found = copies(process.pid, parts(tmp_path / "m.secret", weights))
            seen.append(line.strip())
            if line == "held\n":
                # The search finds what is there: each has one place.
                assert (found["seed"], found["cells"]) == (1, 1), found
                assert found["weights"] > 0 or seen != ["held"], found
            else:
                assert found == {"seed": 0, "cells": 0, "weights": 0}
            process.stdin.write("\n")
            process.stdin.flush()
    assert seen == ["held", "dropped"] * 2


#: What core dumps hold, before the first secret and with it. The filter is inherited: it begins as the kernel's own.
DUMPED = """
import sys
import tacit
from pathlib import Path
filter = Path("/proc/self/coredump_filter")
filter.write_text("0x33")
dumped = lambda: int(filter.read_text(), 16)
program, weights = tacit.Program.load(sys.argv[1] + "/p"), tacit.Weights.load(sys.argv[1] + "/w")
before = dumped()
secret = tacit.commit_model(program, weights)
print(before, dumped())
"""


@pytest.mark.parametrize("kept", ["0", "1"])
def test_core_dumps_hold_no_memory(compiled: Compiled, tmp_path: Path, kept: str) -> None:
    if not Path("/proc/self/coredump_filter").exists():
        pytest.skip("this kernel has no such filter")
    compiled[0].save(tmp_path / "p")
    compiled[1].save(tmp_path / "w")
    process = holder(DUMPED, tmp_path, TACIT_CORE_DUMPS=kept)
    said, _ = process.communicate(timeout=120)
    assert said.split() == ["51", "51" if kept == "1" else "16"]


#: Dies of a signal that leaves a core.
DIES = """
import os, resource, sys
import tacit
open("/proc/self/coredump_filter", "w").write("0x33")
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
os.chdir(sys.argv[1])
program, weights = tacit.Program.load("p"), tacit.Weights.load("w")
secret = tacit.commit_model(program, weights)
secret.save("m.secret")
os.abort()
"""


@pytest.mark.parametrize("kept", ["0", "1"])
def test_a_core_dump(compiled: Compiled, tmp_path: Path, kept: str) -> None:
    if Path("/proc/sys/kernel/core_pattern").read_text().strip() != "core":
        pytest.skip("core dumps go elsewhere on this machine")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core dumps are forbidden here")
    compiled[0].save(tmp_path / "p")
    compiled[1].save(tmp_path / "w")
    process = holder(DIES, tmp_path, TACIT_CORE_DUMPS=kept)
    process.communicate(timeout=120)
    dumps = [*tmp_path.glob("core*")]
    if not dumps:
        pytest.skip("this machine writes no core dumps")
    content = dumps[0].read_bytes()
    seed = parts(tmp_path / "m.secret", compiled[1])["seed"]
    assert (content.count(seed) > 0) == (kept == "1")


def locked() -> int:
    """KiB that this process keeps out of the swap."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmLck"))


def test_secrets_are_locked_where_there_is_room(compiled: Compiled, public: Compiled) -> None:
    room, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    before = locked()
    secret = tacit.commit_model(*compiled)
    if room in (-1, resource.RLIM_INFINITY) or room >= 4 << 20:
        assert secret.locked
        assert locked() > before
    assert not tacit.commit_model(*public).locked
    if os.geteuid() != 0:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, most))
        try:
            assert not tacit.commit_model(*compiled).locked
        finally:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (room, most))
