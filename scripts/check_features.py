"""What tests may do must not be possible outside tests: no crate enables a feature called ``testing`` for its users.

A programmed oracle (``tacit-transcript``) proves nothing, and the doors of ``tacit-pcs`` show secrets. Both exist for
dev-dependencies only, which Cargo does not build into a release. This asks Cargo itself; and asks it once more with
dev-dependencies, where the feature must appear, so that the check cannot pass because it looks for the wrong words.

And who only verifies builds nothing of the prover's half: below ``tacit-verifier`` no crate has the feature ``prove``. Below
``tacit-prover`` some must, for the same reason as above.
"""

from __future__ import annotations

import os
import subprocess
import sys

TESTING = 'feature "testing"'
PROVE = 'feature "prove"'


def lines(feature: str, edges: str, *packages: str) -> list[str]:
    """Cargo's tree of packages (or the whole workspace) with these kinds of edges, the lines that name the feature."""
    chosen = [word for package in packages for word in ("--package", package)] or ["--workspace"]
    command = [os.environ.get("CARGO", "cargo"), "tree", *chosen, "--edges", edges, "--prefix", "none"]
    tree = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(
        {line.removesuffix(" (*)") for line in tree.splitlines() if feature in line and line.startswith("tacit-")}
    )


def enabled(where: str, found: list[str]) -> None:
    """Says what should not be enabled."""
    print(f"enabled {where}:", *found, sep="\n  ", file=sys.stderr)


def main() -> int:
    """0 when only tests enable the one, and only provers the other."""
    released, tests = lines(TESTING, "normal,build,features"), lines(TESTING, "normal,dev,features")
    verifiers = lines(PROVE, "normal,build,features", "tacit-verifier")
    provers = lines(PROVE, "normal,build,features", "tacit-prover")
    if released:
        enabled("outside tests", released)
    if verifiers:
        enabled("below the verifier", verifiers)
    for feature, found in ((TESTING, tests), (PROVE, provers)):
        if not found:
            print(f"nobody enables {feature}: has it another name now?", file=sys.stderr)
    if released or verifiers or not tests or not provers:
        return 1
    print(f"only tests enable: {', '.join(tests)}")
    print(f"only provers enable: {', '.join(provers)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
