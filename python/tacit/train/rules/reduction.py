"""Sums and means over axes: free where the value is committed; a mean's divisor goes to the scale, so it is a power of two."""

from __future__ import annotations

from math import log2, prod

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.arithmetic import Times
from tacit.integer.operators.layout import Expand, Reshape
from tacit.integer.operators.reduction import Total
from tacit.train.pieces import Held, joined
from tacit.train.tape import Backward, Tape, rule


@rule("ReduceSum", "ReduceMean", "GlobalAveragePool")
def reduce(tape: Tape, node: Node) -> Backward:
    tensor, out = node.inputs[0], node.outputs[0]
    rank = len(tape.network.graph.shapes[tensor])
    axes = tuple(range(2, rank)) if node.op == "GlobalAveragePool" else tuple(node.attrs["axes"])
    if 0 in axes:
        raise QuantizationError("expected a reduction that keeps the records apart", place=node.name)
    full = tuple(axis + 1 for axis in axes)
    shape = tape.shape(tensor)
    count = 1 if node.op == "ReduceSum" else prod(shape[axis] for axis in full)
    if count & (count - 1):
        raise QuantizationError(
            f"expected a mean over 2, 4, 8, .. entries, got {count}", place=node.name, remedy="use a sum, or pad"
        )
    share = Times(1, int(log2(count)))
    summed = tape.emit(Total(full), [tape.settled(tensor)], f"{out}.sum")
    mean = joined(tape, tape.shared(summed, share, f"{out}.mean"), out) if count > 1 else summed
    tape.values[out] = tape.emit(Reshape(tape.shape(out)), [mean], out)

    def backward(given: Held) -> None:
        if not tape.network.needs(tensor):
            return
        kept = tuple(1 if axis in full else n for axis, n in enumerate(shape))
        # Its share is rounded here, where there are fewer entries than before the sum.
        part = tape.entrywise(share, [given], f"{out}.share") if count > 1 else given
        d = tape.whole_error(part, out) if count > 1 or part.raw else joined(tape, part, out)
        tape.flow(tensor, tape.emit(Expand(shape), [tape.emit(Reshape(kept), [d], f"{tensor}.back")], f"{tensor}.wide"))

    return backward
