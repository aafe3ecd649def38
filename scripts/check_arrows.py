"""The arrows between the Rust crates, read from `cargo metadata` and `cargo tree`.

`py -> owner -> prover -> verifier -> {program, pcs, sumcheck} -> transcript -> algebra`: a crate may depend on crates
below it, never on one beside or above it. Dependencies of tests are free. What the verifier pulls in, directly or
not, must hold nothing of the prover or of Python, and nothing that only provers need. No crate of this workspace
names a library of transforms: the code's transform is our own (the library of the field brings one along, which
nothing here calls).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: crate -> the crates of this workspace that it may name
ARROWS: dict[str, frozenset[str]] = {
    "tacit-algebra": frozenset(),
    "tacit-params": frozenset(),
    "tacit-transcript": frozenset({"tacit-algebra"}),
    "tacit-sumcheck": frozenset({"tacit-algebra", "tacit-transcript"}),
    "tacit-program": frozenset({"tacit-algebra"}),
    "tacit-pcs": frozenset({"tacit-algebra", "tacit-transcript", "tacit-params"}),
    "tacit-verifier": frozenset(
        {"tacit-algebra", "tacit-transcript", "tacit-sumcheck", "tacit-params", "tacit-pcs", "tacit-program"}
    ),
    "tacit-prover": frozenset(
        {
            "tacit-algebra",
            "tacit-transcript",
            "tacit-sumcheck",
            "tacit-params",
            "tacit-pcs",
            "tacit-program",
            "tacit-verifier",
        }
    ),
    "tacit-testkit": frozenset(
        {
            "tacit-algebra",
            "tacit-transcript",
            "tacit-params",
            "tacit-pcs",
            "tacit-program",
            "tacit-verifier",
            "tacit-prover",
            "tacit-owner",
        }
    ),
    "tacit-owner": frozenset(
        {
            "tacit-algebra",
            "tacit-params",
            "tacit-pcs",
            "tacit-program",
            "tacit-verifier",
            "tacit-prover",
        }
    ),
    "tacit-verify-cli": frozenset({"tacit-algebra", "tacit-pcs", "tacit-program", "tacit-verifier"}),
    "tacit-py-verifier": frozenset({"tacit-verify-cli"}),
    "tacit-py": frozenset(
        {"tacit-algebra", "tacit-owner", "tacit-params", "tacit-program", "tacit-prover", "tacit-verifier"}
    ),
}

#: libraries of Fourier transforms
TRANSFORMS = frozenset({"p3-dft", "rustfft", "realfft"})

#: what only provers and owners of secrets need: threads, mappings of memory, ciphers, the system's randomness
PROVERS = frozenset({"rayon", "rayon-core", "memmap2", "chacha20", "getrandom"})

#: crates that must not occur anywhere below a crate
NEVER_BELOW: dict[str, frozenset[str]] = {
    "tacit-verifier": frozenset({"tacit-prover", "tacit-owner", "tacit-py", "pyo3", "numpy"}) | PROVERS,
    "tacit-verify-cli": frozenset({"tacit-prover", "tacit-owner", "tacit-py", "pyo3", "numpy"}),
    "tacit-py-verifier": frozenset({"tacit-prover", "tacit-owner", "tacit-py", "numpy"}),
    "tacit-prover": frozenset({"tacit-owner", "tacit-py", "pyo3", "numpy"}),
    "tacit-owner": frozenset({"tacit-py", "pyo3", "numpy"}),
}


def cargo(*arguments: str) -> str:
    """Standard output of cargo; its own message and a non-zero exit end the check."""
    run = subprocess.run(["cargo", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"cargo {' '.join(arguments)}:\n{run.stderr}")
    return run.stdout


def direct_faults() -> list[str]:
    """Dependencies between workspace crates that no arrow allows, and crates without arrows."""
    packages = json.loads(cargo("metadata", "--no-deps", "--format-version", "1"))["packages"]
    names = {package["name"] for package in packages}
    faults = [f"{name}: a new crate, give it its arrows in scripts/check_arrows.py" for name in names - ARROWS.keys()]
    faults += [f"{name}: has arrows but does not exist" for name in ARROWS.keys() - names]
    for package in packages:
        allowed = ARROWS.get(package["name"], frozenset())
        used = {item["name"] for item in package["dependencies"] if item["kind"] != "dev"} & names
        faults += [f"{package['name']} -> {target}: against the arrows" for target in sorted(used - allowed)]
        named = {item["name"] for item in package["dependencies"]} & TRANSFORMS
        faults += [f"{package['name']} -> {name}: a library of transforms" for name in sorted(named)]
    return faults


def transitive_faults() -> list[str]:
    """Crates found below another where they must never be."""
    faults = []
    for crate, never in NEVER_BELOW.items():
        tree = cargo("tree", "--package", crate, "--edges", "normal", "--prefix", "none", "--format", "{p}")
        below = {line.split()[0] for line in tree.splitlines() if line.strip()}
        faults += [f"{crate}: pulls in {name}" for name in sorted(below & never)]
    return faults


def main() -> int:
    """Print every fault; 1 if there is one."""
    faults = direct_faults() + transitive_faults()
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"arrows: {len(ARROWS)} crates, all point down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
