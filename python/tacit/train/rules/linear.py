"""MatMul: y = x W forward, dW = x^T d and dx = d W^T back, three contractions."""

from __future__ import annotations

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.linear import Contract
from tacit.train.pieces import Held
from tacit.train.tape import LABELS, Backward, Tape, rule


@rule("MatMul")
def matmul(tape: Tape, node: Node) -> Backward:
    """x (t, b, .., i) and W (t, i, o): the weight is the second factor."""
    tensor, name, out = node.inputs[0], node.inputs[1], node.outputs[0]
    if tape.is_parameter(tensor) or not tape.is_parameter(name) or len(tape.network.graph.shapes[name]) != 2:
        raise QuantizationError(
            "expected a product of a value with a matrix of weights",
            place=node.name,
            remedy="products of two values are not trained through",
        )
    x = tape.settled(tensor)
    w = tape.weight(name, x)
    lead = LABELS[: len(x.shape) - 1]
    tape.values[out] = tape.emit(Contract(f"{lead}y", "tyz", f"{lead}z"), [x, w], out)

    def backward(given: Held) -> None:
        d = tape.whole_error(given, out)
        if tape.trains(name):
            tape.gradient(name, tape.emit(Contract(f"{lead}y", f"{lead}z", "tyz"), [x, d], f"{name}.gradient"))
        if tape.network.needs(tensor):
            tape.flow(tensor, tape.emit(Contract(f"{lead}z", "tyz", f"{lead}y"), [d, w], f"{tensor}.back"))

    return backward
