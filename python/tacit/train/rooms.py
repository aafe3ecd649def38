"""What may be made of a description that somebody else wrote: no more than belongs to the programs that came with it."""

from __future__ import annotations

from tacit.program import Program
from tacit.program.room import Room

#: Terms in any case, and for each of a program's own: views rewrite terms on the way, here hardly any more than there are in
#: the end, and every value of a step counts as one.
LEAST, EACH = 1 << 14, 8


def room_of(given: Program | None) -> Room | None:
    """That for a program like this one; None: a description of one's own, and nothing is counted."""
    return None if given is None else Room.of(given, least=LEAST, each=EACH)
