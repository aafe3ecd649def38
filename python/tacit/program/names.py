"""How the outside addresses tensors, whose names are unique within a place only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tacit.program.syntax import Slab, SlabDecl, Tensor


def addresses(slabs: Sequence[SlabDecl], tensors: Sequence[Tensor]) -> list[str]:
    """By tensor its name; slab/name where another place has that name too, /name for a tensor in no slab.

    Slabs have names, so that no slab is the empty one.
    """
    count = Counter(tensor.name for tensor in tensors)

    def address(tensor: Tensor) -> str:
        if count[tensor.name] == 1:
            return tensor.name
        place = slabs[tensor.place.index].name if isinstance(tensor.place, Slab) else ""
        return f"{place}/{tensor.name}"

    return [address(tensor) for tensor in tensors]
