"""Rules for convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from tacit.graph import Node
from tacit.integer import storage
from tacit.integer.operators.activation import RoundRelu
from tacit.integer.operators.arithmetic import Added
from tacit.integer.operators.convolution import Windows
from tacit.integer.operators.layout import Cut, Join, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.scale import Value
from tacit.quantize.quantizer import Array, Quantizer, QValue, Shape, rule

#: About how many tensors of an activation's shape its rounding commits.
BOX_WIDTH = 3


@dataclass(frozen=True)
class Fused:
    """Nodes after a convolution that are taken together with it: a ReLU, a max pool that tiles it, in either order."""

    nodes: tuple[Node, ...]
    pool: tuple[int, ...]

    @property
    def relu(self) -> bool:
        return any(node.op == "Relu" for node in self.nodes)


def fused(q: Quantizer, tensor: str) -> Fused:
    """The nodes behind this tensor that can be fused: max commutes with ReLU and with rounding."""
    nodes: list[Node] = []
    pool: tuple[int, ...] = ()
    while user := q.sole_user(tensor, "Relu", "MaxPool"):
        if any(user.op == node.op for node in nodes):
            break
        if user.op == "MaxPool":
            kernel, attrs = tuple(user.attrs["kernel_shape"]), user.attrs
            if tuple(attrs["strides"]) != kernel or any(attrs["pads"]) or any(d != 1 for d in attrs["dilations"]):
                break
            pool = kernel
        nodes.append(user)
        tensor = user.outputs[0]
    return Fused(tuple(nodes), pool)


@rule("Conv")
def conv(q: Quantizer, node: Node) -> QValue:
    """Patches by links, one contraction, the bias at the accumulator's scale; channels come last in the raw result.

    With a pool that tiles the result the output axes are made in tiles, so that one maximum reads the raw value. What is
    rounded at once is made in boxes whose extents pad well.
    """
    out = node.outputs[0]
    groups = node.attrs["group"]
    x = q.settled(node.inputs[0])
    weight = _kernel(q.graph.constants[node.inputs[1]], groups)
    kernel = q.weight(node.inputs[1], weight, x, q.rounding_tensor(out))
    spatial = q.graph.shapes[out][2:]
    patches = _patches(q, node, x, q.graph.shapes[node.inputs[1]][2:], spatial)
    if groups > 1:
        return _grouped(q, node, patches, kernel)
    after = fused(q, out)
    rank = len(spatial)
    perm = (0, 1 + rank, *range(1, 1 + rank))
    bias = _bias(q, node, x.frac + kernel.frac)
    if not after.nodes:
        return q.new(_contract(q, out, patches, kernel, bias, ()), True, out, perm)
    return _rounded(q, out, (patches, kernel, bias), after, perm)


def _contract(
    q: Quantizer, out: str, patches: Value, weight: Value, bias: Value | None, tile: tuple[int, ...]
) -> Value:
    """The raw value (b, positions.., o, within tile..) of patches (b, c, positions.. with tile, kernel..)."""
    rank = len(weight.shape) - 2
    kernel, within = "ij"[:rank], "yx"[:rank] if tile else ""
    places = "pyqx"[: 2 * rank] if tile else "pq"[:rank]
    op = Contract(f"bc{places}{kernel}", f"oc{kernel}", "b" + "pq"[:rank] + "o" + within)
    raw = q.emit(op, [patches, weight], out)
    return raw if bias is None else _add_bias(q, raw, bias, 1 + rank)


def _rounded(
    q: Quantizer, out: str, operands: tuple[Value, Value, Value | None], after: Fused, perm: tuple[int, ...]
) -> QValue:
    """Contraction, rounding, ReLU and pool, box by box, joined again."""
    patches, weight, bias = operands
    rank, tile = len(perm) - 2, after.pool
    patches = _tiled(q, patches, q.graph.shapes[out][2:], tile)
    step = 2 if tile else 1
    extents = (*patches.shape[2 : 2 + step * rank : step], weight.shape[0])
    last = after.nodes[-1].outputs[0]
    shift, bits = q.narrowing(patches.frac + weight.frac, out, last)
    op = RoundMax(shift, bits, rank, after.relu) if tile else RoundRelu(shift, bits)
    pieces: dict[tuple[tuple[int, int], ...], Value] = {}
    for box in storage.boxes(extents, width=BOX_WIDTH * prod(tile), most=4):
        part = patches
        for axis, ends in enumerate(box[:-1]):
            part = _cut(q, part, 2 + step * axis, ends)
        own_bias = None if bias is None else _cut(q, bias, 0, box[-1])
        raw = _contract(q, out, part, _cut(q, weight, 0, box[-1]), own_bias, tile)
        pieces[box] = q.emit(op, [raw], last)
    result = q.new(_joined(q, pieces, 1), False, last, perm)
    q.values[last] = result
    q.skipped |= {node.name for node in after.nodes}
    q.absorbed |= {out, *(node.outputs[0] for node in after.nodes[:-1])}
    return result


def _cut(q: Quantizer, value: Value, axis: int, ends: tuple[int, int]) -> Value:
    """Entries [from, to) of an axis."""
    shape = value.shape
    if ends == (0, shape[axis]):
        return value
    to = (*shape[:axis], ends[1] - ends[0], *shape[axis + 1 :])
    starts = tuple(ends[0] if i == axis else 0 for i in range(len(shape)))
    return q.emit(Cut(starts, (1,) * len(shape), to), [value], f"{value.name}.cut")


def _joined(q: Quantizer, pieces: dict[tuple[tuple[int, int], ...], Value], axis: int) -> Value:
    """The boxes put together: axis by axis, the last first."""
    if len(pieces) == 1:
        return next(iter(pieces.values()))
    if not next(iter(pieces)):
        raise ValueError("two boxes in one place")
    heads: dict[tuple[int, int], dict[tuple[tuple[int, int], ...], Value]] = {}
    for box, value in pieces.items():
        heads.setdefault(box[0], {})[box[1:]] = value
    parts = [_joined(q, rest, axis + 1) for _, rest in sorted(heads.items())]
    return parts[0] if len(parts) == 1 else q.emit(Join(axis), parts, f"{parts[0].name}.join")


def _kernel(weight: Array, groups: int) -> Array:
    """(o, c, kernel..); with groups (g, o/g, c, kernel..)."""
    if groups == 1:
        return weight
    return weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])


def _patches(q: Quantizer, node: Node, x: QValue, kernel: Shape, out: Shape) -> Value:
    rank, attrs = len(kernel), node.attrs
    op = Windows(tuple(kernel), tuple(attrs["strides"]), tuple(attrs["dilations"]), tuple(attrs["pads"][:rank]), out)
    return q.emit(op, [x.value], f"{node.outputs[0]}.patches")


def _tiled(q: Quantizer, patches: Value, out: Shape, tile: tuple[int, ...]) -> Value:
    """Patches with every output axis split into (tile, within), the remainder cut off."""
    rank = len(out)
    if not tile:
        return patches
    counts = [n // k for n, k in zip(out, tile, strict=True)]
    for axis, (n, k) in enumerate(zip(counts, tile, strict=True)):
        patches = _cut(q, patches, 2 + axis, (0, n * k))
    shape = patches.shape
    pairs = [n for pair in zip(counts, tile, strict=True) for n in pair]
    return q.emit(Reshape((*shape[:2], *pairs, *shape[2 + rank :])), [patches], f"{patches.name}.tile")


def _bias(q: Quantizer, node: Node, frac: float) -> Value | None:
    """The bias as a parameter at the accumulator's scale."""
    if len(node.inputs) < 3:
        return None
    return q.parameter(node.inputs[2], q.graph.constants[node.inputs[2]], frac, q.offset_bits(node.outputs[0], frac))


def _add_bias(q: Quantizer, raw: Value, bias: Value, axis: int) -> Value:
    """raw + bias along an axis."""
    after = len(raw.shape) - axis - 1
    if after:
        bias = q.emit(Reshape((*bias.shape, *(1,) * after)), [bias], f"{bias.name}.axis")
    return q.emit(Added((1, 1), (0, 0)), [raw, q.expanded(bias, raw.shape)], f"{raw.name}.bias")


def _grouped(q: Quantizer, node: Node, patches: Value, weight: Value) -> QValue:
    """Groups are a batch label. Depthwise ones give a channel axis; others are rounded before their axes merge."""
    out = node.outputs[0]
    groups, each, inner = weight.shape[:3]
    rank = len(q.graph.shapes[out]) - 2
    space, kernel = "pq"[:rank], "ij"[:rank]
    shape = patches.shape
    perm = (0, 1 + rank, *range(1, 1 + rank))
    if each == 1 and inner == 1:
        flat = q.emit(Reshape((groups, *weight.shape[3:])), [weight], f"{weight.name}.flat")
        raw = q.emit(Contract(f"bg{space}{kernel}", f"g{kernel}", f"b{space}g"), [patches, flat], out)
        bias = _bias(q, node, raw.frac)
        return q.new(raw if bias is None else _add_bias(q, raw, bias, 1 + rank), True, out, perm)
    split = q.emit(Reshape((shape[0], groups, inner, *shape[2:])), [patches], f"{patches.name}.groups")
    raw = q.emit(Contract(f"bgc{space}{kernel}", f"goc{kernel}", f"b{space}go"), [split, weight], out)
    if len(node.inputs) == 3:
        values = q.graph.constants[node.inputs[2]].reshape(groups, each)
        raw = _add_bias(q, raw, q.parameter(node.inputs[2], values, raw.frac, q.offset_bits(out, raw.frac)), 2 + rank)
    rounded = q.rounded(q.new(raw, True, out), out)
    value = q.emit(Reshape((*raw.shape[: 1 + rank], groups * each)), [rounded.value], out)
    return q.new(value, False, out, perm)
