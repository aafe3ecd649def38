"""Two portable wheels, `tacit` and `tacit-verifier`: `wheel.py --out dist`. Prints their paths and sizes.

`tacit` has the extension module at three levels of x86-64 (docs/adr/0001); `tacit-verifier`, which only verifies, has one,
the baseline: a proof is verified in milliseconds at any of them.

The field library picks its vector instructions at compile time, so the module is built once a level, each in its own
target folder, and the builds stand side by side in one wheel; `tacit/_load.py` picks one at import. On other processors
there is one level, the baseline of the target. Takes some minutes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = "tacit/_native"
VERIFIER = Path("crates/py-verifier/Cargo.toml")

#: level -> target-cpu; the first one is the plain module
X86_LEVELS = {"baseline": "x86-64", "v3": "x86-64-v3", "v4": "x86-64-v4"}


def build(level: str, target_cpu: str, *, zig: bool, manifest: Path | None = None, profile: str = "dist") -> Path:
    """A wheel of one level, in build/wheel/<level>; of the package at the root, or of that of another manifest."""
    out = ROOT / "build" / "wheel" / (level if manifest is None else f"{manifest.parent.name}-{level}")
    shutil.rmtree(out, ignore_errors=True)
    # RUSTFLAGS in the environment replaces the flags of .cargo/config.toml (target-cpu=native).
    # maturin looks for zig through the first Python on the PATH: that must be this one.
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "RUSTFLAGS": f"-C target-cpu={target_cpu}",
        "CARGO_TARGET_DIR": str(ROOT / "target" / f"wheel-{level}"),
    }
    command = [sys.executable, "-m", "maturin", "build", "--quiet", "--profile", profile, "--out", str(out)]
    if manifest is not None:
        command += ["--manifest-path", str(manifest)]
    if zig:
        command += ["--zig", "--compatibility", "manylinux2014"]
    print(f"building {out.name} ({target_cpu})", file=sys.stderr, flush=True)
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    (wheel,) = out.glob("*.whl")
    return wheel


def extension(wheel: Path) -> tuple[str, bytes]:
    """The name and the bytes of the extension module in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith(f"{MODULE}.") and name.endswith(".so"))
        return name, archive.read(name)


def record_line(name: str, content: bytes) -> str:
    """A line of a wheel's RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def merge(baseline: Path, others: dict[str, Path], out: Path) -> Path:
    """The baseline's wheel with the other levels' modules beside the plain one."""
    target = out / baseline.name
    with (
        zipfile.ZipFile(baseline) as source,
        zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive,
    ):
        (record,) = (name for name in source.namelist() if name.endswith(".dist-info/RECORD"))
        lines = source.read(record).decode()
        for entry in source.infolist():
            if entry.filename != record:
                archive.writestr(entry, source.read(entry))
        for level, wheel in others.items():
            name, content = extension(wheel)
            named = name.replace(MODULE, f"{MODULE}_{level}", 1)
            permissions = zipfile.ZipInfo(named, date_time=(1980, 1, 1, 0, 0, 0))
            permissions.external_attr = 0o100755 << 16
            permissions.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(permissions, content)
            lines += record_line(named, content)
        archive.writestr(record, lines)
    return target


def main() -> int:
    """Build every level and merge, and the verifier's wheel; prints both paths and sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--no-zig", action="store_true", help="link against this machine's C library")
    parser.add_argument("--only-verifier", action="store_true", help="build tacit-verifier alone")
    parser.add_argument("--profile", default="dist", help="the profile of the verifier's wheel")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    zig = not arguments.no_zig and platform.system() == "Linux"
    levels = X86_LEVELS if platform.machine() in {"x86_64", "AMD64"} else {"baseline": "generic"}
    baseline_cpu = levels["baseline"]
    slim = build("baseline", baseline_cpu, zig=zig, manifest=VERIFIER, profile=arguments.profile)
    made = [Path(shutil.copy(slim, arguments.out))]
    if not arguments.only_verifier:
        wheels = {level: build(level, cpu, zig=zig) for level, cpu in levels.items()}
        made.append(merge(wheels.pop("baseline"), wheels, arguments.out))
    for wheel in made:
        with zipfile.ZipFile(wheel) as archive:
            installed = sum(entry.file_size for entry in archive.infolist())
        print(f"{wheel}: {wheel.stat().st_size / 2**20:.1f} MiB, installed {installed / 2**20:.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
