"""Rules for convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from tacit.graph import Node
from tacit.lowering import storage
from tacit.lowering.contraction import Contract, WindowSum
from tacit.lowering.maxima import RoundMax
from tacit.lowering.rounding import RoundRelu, signed
from tacit.lowering.rules_round import mean
from tacit.lowering.views import Affine, Cut, Join, Reshape, Total, Windows
from tacit.quantize import Array, Quantizer, QValue, Shape, rule

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
    name = q.weight(node.inputs[1], weight, x, q.rounding_tensor(out))
    spatial = q.graph.shapes[out][2:]
    patches = _patches(q, node, x, q.graph.shapes[node.inputs[1]][2:], spatial)
    if groups > 1:
        return _grouped(q, node, x, patches, name)
    after = fused(q, out)
    rank = len(spatial)
    perm = (0, 1 + rank, *range(1, 1 + rank))
    bias = _bias(q, node, x.frac + q.ints.fracs[name])
    if not after.nodes:
        raw = _contract(q, out, patches, name, bias, ())
        return q.new(raw, q.ints.fracs[raw], True, out, perm)
    return _rounded(q, out, (patches, name, bias), after, perm)


def _contract(q: Quantizer, out: str, patches: str, weight: str, bias: str | None, tile: tuple[int, ...]) -> str:
    """The raw value (b, positions.., o, within tile..) of patches (b, c, positions.. with tile, kernel..)."""
    rank = len(q.ints.shapes[weight]) - 2
    kernel, within = "ij"[:rank], "yx"[:rank] if tile else ""
    places = "pyqx"[: 2 * rank] if tile else "pq"[:rank]
    op = Contract(f"bc{places}{kernel}", f"oc{kernel}", "b" + "pq"[:rank] + "o" + within)
    frac = q.ints.fracs[patches] + q.ints.fracs[weight]
    raw = q.emit(op, [patches, weight], frac, out)
    return raw if bias is None else _add_bias(q, raw, bias, 1 + rank)


def _rounded(
    q: Quantizer, out: str, operands: tuple[str, str, str | None], after: Fused, perm: tuple[int, ...]
) -> QValue:
    """Contraction, rounding, ReLU and pool, box by box, joined again."""
    patches, weight, bias = operands
    rank, tile = len(perm) - 2, after.pool
    patches = _tiled(q, patches, q.graph.shapes[out][2:], tile)
    step = 2 if tile else 1
    extents = (*q.ints.shapes[patches][2 : 2 + step * rank : step], q.ints.shapes[weight][0])
    frac = q.ints.fracs[patches] + q.ints.fracs[weight]
    shift = q.shift(q.new(patches, frac, True, out), out)
    op = RoundMax(shift, q.bits, rank, after.relu) if tile else RoundRelu(shift, q.bits)
    pieces: dict[tuple[tuple[int, int], ...], str] = {}
    for box in storage.boxes(extents, width=BOX_WIDTH * prod(tile), most=4):
        part = patches
        for axis, ends in enumerate(box[:-1]):
            part = _cut(q, part, 2 + step * axis, ends)
        own_bias = None if bias is None else _cut(q, bias, 0, box[-1])
        raw = _contract(q, out, part, _cut(q, weight, 0, box[-1]), own_bias, tile)
        pieces[box] = q.emit(op, [raw], frac - shift, after.nodes[-1].outputs[0])
    name = _joined(q, pieces, 1)
    last = after.nodes[-1].outputs[0]
    result = q.new(name, frac - shift, False, last, perm)
    q.values[last] = result
    q.skipped |= {node.name for node in after.nodes}
    q.absorbed |= {out, *(node.outputs[0] for node in after.nodes[:-1])}
    return result


def _cut(q: Quantizer, name: str, axis: int, ends: tuple[int, int]) -> str:
    """Entries [from, to) of an axis."""
    shape = q.ints.shapes[name]
    if ends == (0, shape[axis]):
        return name
    to = (*shape[:axis], ends[1] - ends[0], *shape[axis + 1 :])
    starts = tuple(ends[0] if i == axis else 0 for i in range(len(shape)))
    return q.emit(Cut(starts, (1,) * len(shape), to), [name], q.ints.fracs[name], f"{name}.cut")


def _joined(q: Quantizer, pieces: dict[tuple[tuple[int, int], ...], str], axis: int) -> str:
    """The boxes put together: axis by axis, the last first."""
    if len(pieces) == 1:
        return next(iter(pieces.values()))
    if not next(iter(pieces)):
        raise ValueError("two boxes in one place")
    heads: dict[tuple[int, int], dict[tuple[tuple[int, int], ...], str]] = {}
    for box, name in pieces.items():
        heads.setdefault(box[0], {})[box[1:]] = name
    names = [_joined(q, rest, axis + 1) for _, rest in sorted(heads.items())]
    if len(names) == 1:
        return names[0]
    return q.emit(Join(axis), names, q.ints.fracs[names[0]], f"{names[0]}.join")


def _kernel(weight: Array, groups: int) -> Array:
    """(o, c, kernel..); with groups (g, o/g, c, kernel..)."""
    if groups == 1:
        return weight
    return weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])


def _patches(q: Quantizer, node: Node, x: QValue, kernel: Shape, out: Shape) -> str:
    rank, attrs = len(kernel), node.attrs
    op = Windows(tuple(kernel), tuple(attrs["strides"]), tuple(attrs["dilations"]), tuple(attrs["pads"][:rank]), out)
    return q.emit(op, [x.name], x.frac, f"{node.outputs[0]}.patches")


def _tiled(q: Quantizer, patches: str, out: Shape, tile: tuple[int, ...]) -> str:
    """Patches with every output axis split into (tile, within), the remainder cut off."""
    rank, frac = len(out), q.ints.fracs[patches]
    if not tile:
        return patches
    counts = [n // k for n, k in zip(out, tile, strict=True)]
    for axis, (n, k) in enumerate(zip(counts, tile, strict=True)):
        patches = _cut(q, patches, 2 + axis, (0, n * k))
    shape = q.ints.shapes[patches]
    pairs = [n for pair in zip(counts, tile, strict=True) for n in pair]
    return q.emit(Reshape((*shape[:2], *pairs, *shape[2 + rank :])), [patches], frac, f"{patches}.tile")


def _bias(q: Quantizer, node: Node, frac: float) -> str | None:
    """The bias as a parameter at the accumulator's scale."""
    if len(node.inputs) < 3:
        return None
    return q.parameter(node.inputs[2], q.graph.constants[node.inputs[2]], frac)


def _add_bias(q: Quantizer, raw: str, bias: str, axis: int) -> str:
    """raw + bias along an axis."""
    shape, frac = q.ints.shapes[raw], q.ints.fracs[raw]
    after = len(shape) - axis - 1
    if after:
        bias = q.emit(Reshape((*q.ints.shapes[bias], *(1,) * after)), [bias], frac, f"{bias}.axis")
    return q.emit(Affine((1, 1)), [raw, q.expanded(bias, shape)], frac, f"{raw}.bias")


def _grouped(q: Quantizer, node: Node, x: QValue, patches: str, weight: str) -> QValue:
    """Groups are a batch label. Depthwise ones give a channel axis; others are rounded before their axes merge."""
    out = node.outputs[0]
    groups, each, inner = q.ints.shapes[weight][:3]
    rank = len(q.graph.shapes[out]) - 2
    space, kernel = "pq"[:rank], "ij"[:rank]
    frac = x.frac + q.ints.fracs[weight]
    shape = q.ints.shapes[patches]
    perm = (0, 1 + rank, *range(1, 1 + rank))
    if each == 1 and inner == 1:
        flat = q.emit(Reshape((groups, *q.ints.shapes[weight][3:])), [weight], q.ints.fracs[weight], f"{weight}.flat")
        raw = q.emit(Contract(f"bg{space}{kernel}", f"g{kernel}", f"b{space}g"), [patches, flat], frac, out)
        bias = _bias(q, node, frac)
        raw = raw if bias is None else _add_bias(q, raw, bias, 1 + rank)
        return q.new(raw, frac, True, out, perm)
    split = q.emit(Reshape((shape[0], groups, inner, *shape[2:])), [patches], x.frac, f"{patches}.groups")
    raw = q.emit(Contract(f"bgc{space}{kernel}", f"goc{kernel}", f"b{space}go"), [split, weight], frac, out)
    rounded = q.rounded(q.new(raw, frac, True, out), out)
    merged = (*q.ints.shapes[raw][: 1 + rank], groups * each)
    name = q.emit(Reshape(merged), [rounded.name], rounded.frac, out)
    bias = _bias(q, node, rounded.frac)
    name = name if bias is None else _add_bias(q, name, bias, 1 + rank)
    return q.new(name, rounded.frac, False, out, perm)


@rule("MaxPool")
def max_pool(q: Quantizer, node: Node) -> QValue:
    """Windows by links; padding holds the least integer, which never wins."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.settled(tensor, narrow=True)
    lo, _ = signed(q.bits)
    windows = replace(_pool_windows(node, q.graph.shapes[out]), fill=lo)
    patches = q.emit(windows, [v.name], v.frac, f"{out}.windows")
    name = q.emit(RoundMax(0, q.bits, len(windows.kernel)), [patches], v.frac, out)
    return q.new(name, v.frac, False, out)


def _pool_windows(node: Node, shape: Shape) -> Windows:
    kernel, attrs = tuple(node.attrs["kernel_shape"]), node.attrs
    pads = tuple(attrs["pads"][: len(kernel)])
    return Windows(kernel, tuple(attrs["strides"]), tuple(attrs["dilations"]), pads, tuple(shape[2:]))


@rule("AveragePool")
def average_pool(q: Quantizer, node: Node) -> QValue:
    """A contraction of the windows with ones, then a rounding division by the kernel's size."""
    out = node.outputs[0]
    v = q.settled(node.inputs[0])
    windows = _pool_windows(node, q.graph.shapes[out])
    patches = q.emit(windows, [v.name], v.frac, f"{out}.windows")
    total = q.emit(WindowSum(len(windows.kernel)), [patches], v.frac, f"{out}.sum")
    raw = QValue(total, v.frac, True, tuple(range(len(q.graph.shapes[out]))), v.bound * prod(windows.kernel))
    return mean(q, raw, prod(windows.kernel), out)


@rule("GlobalAveragePool")
def global_average_pool(q: Quantizer, node: Node) -> QValue:
    """The sum is affine; a rounding division follows."""
    out = node.outputs[0]
    v = q.settled(node.inputs[0])
    shape = q.graph.shapes[node.inputs[0]]
    axes = tuple(range(2, len(shape)))
    total = q.emit(Total(axes), [v.name], v.frac, f"{out}.sum")
    total = q.emit(Reshape(tuple(q.graph.shapes[out])), [total], v.frac, f"{out}.sum")
    count = prod(shape[2:])
    summed = QValue(total, v.frac, False, tuple(range(len(shape))), v.bound * count)
    return mean(q, summed, count, out)
