"""Which claims of a proof are false, told by who knows the secrets."""

from __future__ import annotations

from tacit.reference.field import ZERO, K, add, lift, mul
from tacit.reference.program import Program, layout
from tacit.reference.relations import Claim


def audit_values(claims: list[Claim], program: Program, cells: dict[int | None, list[int]]) -> dict[str, K]:
    """With the secrets in hand: place -> the value of each claim, 0 where it is true. cells: slab (None: witness) -> cells."""
    where = {}
    for slab in cells:
        for tensor, offset in layout(program, slab).offsets.items():
            where[tensor] = (slab, offset)
    lifted = {slab: [lift(x) for x in own] for slab, own in cells.items()}
    first = layout(program, None).cells
    found = {}
    for claim in claims:
        value = claim.value.constant
        for scalar, form in claim.value.forms:
            slab, offset = where[form.tensor]
            value = add(value, mul(scalar, form.apply(lifted[slab], offset)))
        for pad, scalar in claim.value.pads.items():
            a, b, c = cells[None][first + 3 * pad : first + 3 * pad + 3]
            value = add(value, mul(scalar, (a, b, c)))
        found[claim.place] = value
    return found


def audit(claims: list[Claim], program: Program, cells: dict[int | None, list[int]]) -> list[str]:
    """The places of the claims that are false."""
    return [place for place, value in audit_values(claims, program, cells).items() if value != ZERO]
