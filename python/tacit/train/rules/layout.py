"""Views: free forward and back. The first axis counts records and stays where it is."""

from __future__ import annotations

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.layout import Cut, Join, Permute, Reshape, Spread
from tacit.train.pieces import Held, joined
from tacit.train.tape import Backward, Tape, rule


@rule("Reshape")
def reshape(tape: Tape, node: Node) -> Backward:
    tensor, out = node.inputs[0], node.outputs[0]
    if node.attrs["shape"][0] != 1:
        raise QuantizationError("expected a reshape that keeps the records apart", place=node.name)
    tape.values[out] = tape.emit(Reshape(tape.shape(out)), [tape.settled(tensor)], out)

    def backward(given: Held) -> None:
        back = tape.emit(Reshape(tape.shape(tensor)), [tape.viewed(given, out)], f"{tensor}.back")
        tape.flow(tensor, back)

    return backward


@rule("Transpose")
def transpose(tape: Tape, node: Node) -> Backward:
    tensor, out, perm = node.inputs[0], node.outputs[0], node.attrs["perm"]
    if perm[0] != 0:
        raise QuantizationError("expected a transpose that keeps the records first", place=node.name)
    full = (0, *(axis + 1 for axis in perm))
    tape.values[out] = tape.emit(Permute(full), [tape.settled(tensor)], out)

    def backward(given: Held) -> None:
        inverse = tuple(int(i) for i in np.argsort(full))
        tape.flow(tensor, tape.emit(Permute(inverse), [tape.viewed(given, out)], f"{tensor}.back"))

    return backward


@rule("Pad")
def pad(tape: Tape, node: Node) -> Backward:
    tensor, out = node.inputs[0], node.outputs[0]
    pads, rank = node.attrs["pads"], len(tape.network.graph.shapes[tensor])
    if pads[0] or pads[rank]:
        raise QuantizationError("expected a padding that adds no records", place=node.name)
    before, ones = (0, *pads[:rank]), (1,) * (rank + 1)
    tape.values[out] = tape.emit(Cut(tuple(-n for n in before), ones, tape.shape(out)), [tape.settled(tensor)], out)

    def backward(given: Held) -> None:
        tape.flow(tensor, tape.emit(Cut(before, ones, tape.shape(tensor)), [tape.viewed(given, out)], f"{tensor}.back"))

    return backward


@rule("Slice")
def slice_(tape: Tape, node: Node) -> Backward:
    tensor, out = node.inputs[0], node.outputs[0]
    shape = tape.shape(tensor)
    starts, steps = [0] * len(shape), [1] * len(shape)
    for start, axis, step in zip(node.attrs["starts"], node.attrs["axes"], node.attrs["steps"], strict=True):
        if axis == 0:
            raise QuantizationError("expected a slice that keeps all records", place=node.name)
        starts[axis + 1], steps[axis + 1] = start, step
    if any(step < 0 for step in steps):
        raise QuantizationError("expected a slice forwards", place=node.name, remedy="steps above 0")
    cut = Cut(tuple(starts), tuple(steps), tape.shape(out))
    tape.values[out] = tape.emit(cut, [tape.settled(tensor)], out)

    def backward(given: Held) -> None:
        d = tape.viewed(given, out)
        for axis, step in enumerate(steps):
            if step > 1 and d.shape[axis] > 1:
                d = tape.emit(Spread(axis, step), [d], f"{tensor}.spread")
        back = Cut(tuple(-start for start in starts), (1,) * len(shape), shape)
        tape.flow(tensor, tape.emit(back, [d], f"{tensor}.back"))

    return backward


@rule("Concat")
def concat(tape: Tape, node: Node) -> Backward:
    out, axis = node.outputs[0], node.attrs["axis"]
    if axis == 0 or any(tape.is_parameter(name) for name in node.inputs):
        raise QuantizationError("expected values joined along another axis than the records'", place=node.name)
    found = [tape.settled(name) for name in node.inputs]
    finest = max(value.frac for value in found)
    values = [joined(tape, tape.at_least(value, round(finest), out), out) for value in found]
    tape.values[out] = tape.emit(Join(axis + 1), values, out)

    def backward(given: Held) -> None:
        d, start = tape.viewed(given, out), 0
        for name in node.inputs:
            shape = tape.shape(name)
            starts = tuple(start if i == axis + 1 else 0 for i in range(len(shape)))
            if tape.network.needs(name):
                tape.flow(name, tape.emit(Cut(starts, (1,) * len(shape), shape), [d], f"{name}.back"))
            start += shape[axis + 1]

    return backward
