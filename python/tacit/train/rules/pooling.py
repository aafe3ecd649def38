"""Average and max pools. Back: an average's share to every entry that was seen; a maximum's to the first largest (a selector)."""

from __future__ import annotations

from math import log2, prod

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.arithmetic import Times
from tacit.integer.operators.layout import Cut, Expand, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.rounding import Round
from tacit.integer.operators.selection import OneHotMaxLast
from tacit.train.pieces import Held, Signal, joined
from tacit.train.rules.windows import LEAD, Windows
from tacit.train.tape import LABELS, Backward, Shape, Tape, rule

#: Kernel entries, at most: each is a term of what goes back.
MOST_KERNEL = 25


def _windows(node: Node) -> Windows:
    windows = Windows.of(node, tuple(node.attrs["kernel_shape"]))
    if prod(windows.kernel) > MOST_KERNEL:
        raise QuantizationError(
            f"expected a window of at most {MOST_KERNEL} entries, got {prod(windows.kernel)}",
            place=node.name,
            remedy="use a global pool, or smaller ones in a row",
        )
    return windows


@rule("AveragePool")
def average_pool(tape: Tape, node: Node) -> Backward:
    """The sum of k shifted views; the divisor goes to the scale."""
    tensor, out, windows = node.inputs[0], node.outputs[0], _windows(node)
    count = prod(windows.kernel)
    if count & (count - 1):
        raise QuantizationError(
            f"expected a mean over 2, 4, 8, .. entries, got {count}", place=node.name, remedy="use 2x2 or 4x4 windows"
        )
    share, x, shape = Times(1, int(log2(count))), tape.settled(tensor), tape.shape(out)
    parts: list[tuple[int, Held]] = []
    for at in np.ndindex(*windows.kernel):
        starts = tuple(
            dilation * int(k) - pad for dilation, k, pad in zip(windows.dilations, at, windows.pads, strict=True)
        )
        cut = Cut((*(0,) * LEAD, *starts), (*(1,) * LEAD, *windows.strides), shape)
        parts.append((1, tape.emit(cut, [x], f"{out}.seen")))
    summed = joined(tape, tape.added(parts, f"{out}.sum"), out)
    tape.values[out] = tape.shared(summed, share, out) if count > 1 else summed

    def backward(given: Held) -> None:
        if not tape.network.needs(tensor):
            return
        # Its share is rounded here, where there are fewer entries than before the pool.
        d = tape.whole_error(tape.entrywise(share, [given], f"{out}.share") if count > 1 else given, out)
        pieces: dict[Shape, Signal] = {tuple(int(k) for k in at): d for at in np.ndindex(*windows.kernel)}
        tape.flow(tensor, windows.gathered(tape, pieces, tape.shape(tensor)[LEAD:], f"{tensor}.back"))

    return backward


@rule("MaxPool")
def max_pool(tape: Tape, node: Node) -> Backward:
    """e one-hot at the first largest of a window, y = sum e x: e is the gate of what goes back."""
    tensor, out, windows = node.inputs[0], node.outputs[0], _windows(node)
    if any(node.attrs["pads"]):
        raise QuantizationError(
            "expected a max pool without padding", place=node.name, remedy="pad before the activation, with zeros"
        )
    scales, x, shape = tape.scales, tape.settled(tensor), tape.shape(out)
    if x.frac > scales.activations:
        # What came out of a factor, or took a bias, is finer: bits of an activation would not hold it.
        x = joined(tape, tape.rounded(x, scales.activations, scales.activation_bits, f"{out}.operand"), out)
    seen = windows.seen(tape, x, tuple((0, n) for n in shape), f"{out}.windows")
    flat = tape.emit(Reshape((*shape, prod(windows.kernel))), [seen], f"{out}.flat")
    e = tape.emit(OneHotMaxLast(tape.scales.activation_bits), [flat], f"{out}.first")
    labels = LABELS[: len(flat.shape)]
    picked = tape.emit(Contract(labels, labels, labels[:-1]), [e, flat], f"{out}.pick")
    # Rounded by no bit: of a sum of products alone no relation says how large it is.
    tape.values[out] = tape.emit(Round(0, tape.scales.activation_bits), [picked], out)

    def backward(given: Held) -> None:
        if not tape.network.needs(tensor):
            return
        d = tape.whole_error(given, out)
        wide = tape.emit(Expand(flat.shape), [tape.emit(Reshape((*shape, 1)), [d], f"{out}.row")], f"{out}.rows")
        gated = joined(tape, tape.gated(wide, e, f"{out}.first"), out)
        pieces: dict[Shape, Signal] = {}
        for j, at in enumerate(np.ndindex(*windows.kernel)):
            starts = (*(0,) * len(shape), j)
            cut = tape.emit(Cut(starts, (1,) * len(flat.shape), (*shape, 1)), [gated], f"{out}.piece")
            pieces[tuple(int(k) for k in at)] = tape.emit(Reshape(shape), [cut], f"{out}.piece")
        tape.flow(tensor, windows.gathered(tape, pieces, tape.shape(tensor)[LEAD:], f"{tensor}.back"))

    return backward
