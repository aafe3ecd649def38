"""What many proofs of one commitment cost, said before it is made, and the way that costs less."""

from __future__ import annotations

from math import isqrt

from tacit.api.objects import Program
from tacit.errors import AllowanceExceeded

#: Commitments for more proofs than this say what they cost.
MANY_PROOFS = 1024
#: Bytes of a secret's body: its length is written in four bytes.
MOST_BYTES = 2**32 - 1
#: A container's head and checksum, and the lengths of a secret's three parts.
_AROUND = 52


def costly(program: Program, role: str = "") -> str:
    """What a commitment (the largest private one, or `role`'s) of a program for many proofs costs; empty for few proofs.

    The cost is the geometry's: it does not fall when a commitment is made for fewer proofs than were compiled for.
    """
    private = [name for name, hidden in program.commitments.items() if hidden and role in ("", name)]
    if program.proofs <= MANY_PROOFS or not private:
        return ""
    costs = program.estimate["commitments"]
    most = max(private, key=lambda name: float(costs[name]["peak_bytes"]))
    cost, few = costs[most], isqrt(program.proofs - 1) + 1
    children = -(-program.proofs // few)
    return (
        f"compiled for {program.proofs} proofs: a commitment to the {most} takes about "
        f"{cost['commit_seconds']:.1f} s on two cores, {_mib(cost['peak_bytes'])} of memory, a secret file of "
        f"{_mib(cost['secret_bytes'])} and a commitment of {_mib(cost['commitment_bytes'])}. "
        f"Compiled for {few} proofs, a master makes {children} children of {few} proofs each, under one identity: "
        f"commit_model(children={children}) and Secret.rotate "
        f"(tacit commit model --children {children}, tacit commit rotate)"
    )


def check_secret(program: Program, role: str) -> None:
    """Raise AllowanceExceeded (slug too_large) where a commitment's secret could not be saved: before the work, not after it."""
    cost = program.estimate["commitments"].get(role)
    body = cost["secret_bytes"] - cost["commitment_bytes"] - _AROUND if cost else 0
    if body > MOST_BYTES:
        raise AllowanceExceeded(
            f"expected at most {MOST_BYTES} bytes, got {body}",
            slug="too_large",
            place=f"secret of the {role}",
            remedy="compile for fewer proofs (option proofs): a master renews them, tacit commit model --children N",
        )


def _mib(count: float) -> str:
    return f"{count / 2**20:.3g} MiB" if count < 1000 * 2**20 else f"{count / 2**30:.3g} GiB"
