"""Where things lie: padded shapes, the order of a slab's tensors, rows of tables."""

from __future__ import annotations

from collections.abc import Iterable

from tacit.program.encoding import Program
from tacit.program.syntax import ClampTable, Range, ReluTable, Sign, Slab, TableKind, Values, Witness


def bits(extent: int) -> int:
    """ceil(log2 extent)."""
    return (extent - 1).bit_length()


def padded(shape: Iterable[int]) -> int:
    """Cells of a shape in a slab: every axis padded to a power of two."""
    return 1 << sum(bits(n) for n in shape)


def table_len(kind: TableKind) -> int:
    """Rows of a table."""
    return len(kind.outs) if isinstance(kind, Values) else kind.len


def table_in(kind: TableKind) -> tuple[int, int]:
    """The interval of a table's inputs."""
    return kind.lo, kind.lo + table_len(kind) - 1


def table_out(kind: TableKind) -> tuple[int, int]:
    """The interval of a table's outputs."""
    lo, hi = table_in(kind)
    match kind:
        case Range():
            return 0, 0
        case ReluTable():
            return max(lo, 0), max(hi, 0)
        case Sign():
            return int(lo >= 0), int(hi >= 0)
        case Values(_, outs):
            return min(outs), max(outs)
        case ClampTable(low=low, high=high):
            return min(max(lo, low), high), min(max(hi, low), high)


def slab_tensors(program: Program, slab: int) -> list[int]:
    """Indices of the tensors of a long-lived slab, in layout order: largest padded size first, ties by index."""
    members = [i for i, tensor in enumerate(program.tensors) if tensor.place == Slab(slab)]
    return sorted(members, key=lambda i: -padded(program.tensors[i].shape))


def slab_cells(program: Program, slab: int) -> int:
    """Cells of a long-lived slab before its reserved ones."""
    return sum(padded(program.tensors[i].shape) for i in slab_tensors(program, slab))


def witness_cells(program: Program) -> int:
    """Cells of the witness slab before the pads: its tensors and the multiplicities."""
    tensors = sum(padded(t.shape) for t in program.tensors if isinstance(t.place, Witness))
    return tensors + sum(padded((table_len(t.kind),)) for t in program.tables)
