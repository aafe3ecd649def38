"""Conv: a contraction with patches forward; back, patches with the error signal, and the error signal's own windows."""

from __future__ import annotations

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.arithmetic import Added
from tacit.integer.operators.layout import Expand, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.reduction import Total
from tacit.train.pieces import Box, Held, Signal, cut, in_boxes
from tacit.train.rules.windows import LEAD, Windows
from tacit.train.tape import Backward, Tape, rule

#: Labels of positions and of kernel entries.
OUT, KERNEL = "xyz", "ijk"


@rule("Conv")
def conv(tape: Tape, node: Node) -> Backward:
    """x (t, b, c, spatial..), W (t, o, c, kernel..); a bias is added to every position."""
    tensor, name, out = node.inputs[0], node.inputs[1], node.outputs[0]
    shapes = tape.network.graph.shapes
    if node.attrs["group"] != 1:
        raise QuantizationError(
            "expected a convolution of one group", place=node.name, remedy="grouped ones are not trained through"
        )
    windows = Windows.of(node, shapes[name][2:])
    x = tape.settled(tensor)
    w = tape.weight(name, x)
    o, k = OUT[: windows.rank], KERNEL[: windows.rank]
    bias = node.inputs[2] if len(node.inputs) == 3 else None
    row = None
    if bias is not None:
        row = tape.emit(Reshape((tape.steps, 1, *shapes[bias], *[1] * windows.rank)), [tape.bias(bias)], f"{bias}.row")

    def piece(box: Box, label: str) -> Signal:
        """The result at the positions (and channels) of a box."""
        (first, last), shape = box[2], tuple(b - a for a, b in box)
        seen = windows.seen(tape, x, box, f"{label}.patches")
        own, own_row = w, row
        if last - first < shapes[name][0]:
            own = cut(tape, w, ((0, tape.steps), (first, last), *((0, n) for n in shapes[name][1:])), label)
            own_row = row and cut(tape, row, ((0, tape.steps), (0, 1), (first, last), *((0, 1),) * windows.rank), label)
        made = tape.emit(Contract(f"tbc{o}{k}", f"tdc{k}", f"tbd{o}"), [seen, own], label)
        if own_row is None:
            return made
        wide = tape.emit(Expand(shape), [own_row], f"{label}.bias")
        return tape.emit(Added((1, 1), (0, tape.whole(made.frac - wide.frac, label))), [made, wide], f"{label}.biased")

    tape.values[out] = in_boxes(tape, tape.shape(out), piece, out)

    def backward(given: Held) -> None:
        d = tape.whole_error(given, out)
        if bias is not None and tape.trains(bias):
            tape.gradient(bias, tape.emit(Total((1, *range(LEAD, len(d.shape)))), [d], f"{bias}.gradient"))
        if tape.trains(name):
            seen = windows.seen(tape, x, tuple((0, n) for n in d.shape), f"{out}.all patches")
            raw = tape.emit(Contract(f"tbc{o}{k}", f"tbd{o}", f"tdc{k}"), [seen, d], f"{name}.gradient")
            tape.gradient(name, raw)
        if tape.network.needs(tensor):
            spread = windows.spread(tape, d, f"{tensor}.spread")

            def back(box: Box, label: str) -> Signal:
                (first, last), own = box[2], w
                if last - first < shapes[name][1]:
                    whole = [(0, n) for n in w.shape]
                    own = cut(tape, w, (*whole[:2], (first, last), *whole[3:]), label)
                seen = windows.backward(tape, spread, box, f"{label}.windows")
                return tape.emit(Contract(f"tbd{o}{k}", f"tdc{k}", f"tbc{o}"), [seen, own], label)

            tape.flow(tensor, in_boxes(tape, tape.shape(tensor), back, f"{tensor}.back"))

    return backward
