"""Conv: a contraction with patches forward; back, patches with the error signal, and the error signal's own windows."""

from __future__ import annotations

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.layout import Expand, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.reduction import Total
from tacit.train.rules.windows import LEAD, Windows
from tacit.train.tape import Backward, Signal, Tape, rule

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
    seen = windows.seen(tape, x, tape.shape(out)[LEAD:], f"{out}.patches")
    made = tape.emit(Contract(f"tbc{o}{k}", f"tdc{k}", f"tbd{o}"), [seen, w], out)
    bias = node.inputs[2] if len(node.inputs) == 3 else None
    if bias is not None:
        row = (tape.steps, 1, *shapes[bias], *[1] * windows.rank)
        wide = tape.emit(Reshape(row), [tape.bias(bias)], f"{bias}.row")
        made = tape.added([(1, made), (1, tape.emit(Expand(made.shape), [wide], f"{bias}.rows"))], f"{out}.biased")
    tape.values[out] = made

    def backward(d: Signal) -> None:
        d = tape.error(d, out)
        if bias is not None and tape.trains(bias):
            tape.gradient(bias, tape.emit(Total((1, *range(LEAD, len(d.shape)))), [d], f"{bias}.gradient"))
        if tape.trains(name):
            raw = tape.emit(Contract(f"tbc{o}{k}", f"tbd{o}", f"tdc{k}"), [seen, d], f"{name}.gradient")
            tape.gradient(name, raw)
        if tape.network.needs(tensor):
            back = windows.backward(tape, d, tape.shape(tensor)[LEAD:], f"{tensor}.windows")
            tape.flow(tensor, tape.emit(Contract(f"tbd{o}{k}", f"tdc{k}", f"tbc{o}"), [back, w], f"{tensor}.back"))

    return backward
