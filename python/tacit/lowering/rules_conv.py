"""Rules for convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from tacit.graph import Node
from tacit.lowering.contraction import Contract, WindowSum
from tacit.lowering.maxima import RoundMax
from tacit.lowering.rounding import signed
from tacit.lowering.rules_round import mean
from tacit.lowering.views import Affine, Cut, Reshape, Total, Windows
from tacit.quantize import Array, Quantizer, QValue, Shape, rule


@dataclass(frozen=True)
class Fused:
    """Nodes after a convolution that are taken together with it: a ReLU, a max pool, in either order."""

    nodes: tuple[Node, ...]
    pool: tuple[int, ...]

    @property
    def relu(self) -> bool:
        return any(node.op == "Relu" for node in self.nodes)


def fused_pool(q: Quantizer, tensor: str) -> Fused | None:
    """A pool behind this tensor whose windows tile it: max commutes with ReLU and with rounding."""
    nodes: list[Node] = []
    while user := q.sole_user(tensor, "Relu", "MaxPool"):
        if any(user.op == node.op for node in nodes):
            break
        nodes.append(user)
        tensor = user.outputs[0]
    pool = next((node for node in nodes if node.op == "MaxPool"), None)
    if pool is None:
        return None
    kernel, attrs = tuple(pool.attrs["kernel_shape"]), pool.attrs
    if tuple(attrs["strides"]) != kernel or any(attrs["pads"]) or any(d != 1 for d in attrs["dilations"]):
        return None
    return Fused(tuple(nodes), kernel)


@rule("Conv")
def conv(q: Quantizer, node: Node) -> QValue:
    """Patches by links, one contraction, the bias at the accumulator's scale; channels come last in the raw result.

    With a pool that tiles the result the output axes are made in tiles, so that one maximum reads the raw value.
    """
    out = node.outputs[0]
    weight = q.graph.constants[node.inputs[1]]
    groups = node.attrs["group"]
    x = q.settled(node.inputs[0])
    fused = fused_pool(q, out) if groups == 1 else None
    name = q.weight(node.inputs[1], _kernel(weight, groups), x, q.target(out))
    spatial = q.graph.shapes[out][2:]
    patches = _patches(q, node, x, weight.shape[2:], spatial)
    rank = len(spatial)
    if groups > 1:
        return _grouped(q, node, x, patches, name)
    tile = fused.pool if fused else ()
    patches, labels = _tiled(q, patches, x.frac, spatial, tile)
    kernel = "ij"[:rank]
    positions = "pq"[:rank] + "o" + ("yx"[:rank] if tile else "")
    frac = x.frac + q.ints.fracs[name]
    raw = q.emit(Contract(labels, f"oc{kernel}", f"b{positions}"), [patches, name], frac, out)
    raw = _bias(q, node, raw, frac, 1 + rank)
    perm = (0, 1 + rank, *range(1, 1 + rank))
    if fused is None:
        return q.new(raw, frac, True, out, perm)
    return _pooled(q, out, raw, frac, fused, perm)


def _kernel(weight: Array, groups: int) -> Array:
    """(o, c, kernel..); with groups (g, o/g, c, kernel..)."""
    if groups == 1:
        return weight
    return weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])


def _patches(q: Quantizer, node: Node, x: QValue, kernel: Shape, out: Shape) -> str:
    rank, attrs = len(kernel), node.attrs
    op = Windows(tuple(kernel), tuple(attrs["strides"]), tuple(attrs["dilations"]), tuple(attrs["pads"][:rank]), out)
    return q.emit(op, [x.name], x.frac, f"{node.outputs[0]}.patches")


def _tiled(q: Quantizer, patches: str, frac: int, out: Shape, tile: tuple[int, ...]) -> tuple[str, str]:
    """Patches with every output axis split into (tile, within), the remainder cut off; and their labels."""
    rank = len(out)
    if not tile:
        return patches, "bc" + "pq"[:rank] + "ij"[:rank]
    shape = q.ints.shapes[patches]
    counts = [n // k for n, k in zip(out, tile, strict=True)]
    used = (*shape[:2], *(n * k for n, k in zip(counts, tile, strict=True)), *shape[2 + rank :])
    if used != shape:
        patches = q.emit(Cut((0,) * len(shape), (1,) * len(shape), used), [patches], frac, f"{patches}.cut")
    pairs = [n for pair in zip(counts, tile, strict=True) for n in pair]
    patches = q.emit(Reshape((*shape[:2], *pairs, *shape[2 + rank :])), [patches], frac, f"{patches}.tile")
    return patches, "bc" + "pyqx"[: 2 * rank] + "ij"[:rank]


def _bias(q: Quantizer, node: Node, raw: str, frac: int, axis: int) -> str:
    """raw + bias along an axis."""
    if len(node.inputs) < 3:
        return raw
    values = q.graph.constants[node.inputs[2]]
    name = q.parameter(node.inputs[2], values, frac)
    shape = q.ints.shapes[raw]
    after = len(shape) - axis - 1
    if after:
        name = q.emit(Reshape((values.size, *(1,) * after)), [name], frac, f"{name}.axis")
    return q.emit(Affine((1, 1)), [raw, q.expanded(name, shape)], frac, f"{raw}.bias")


def _pooled(q: Quantizer, tensor: str, raw: str, frac: int, fused: Fused, perm: tuple[int, ...]) -> QValue:
    shift = max(0, frac - q.target(tensor))
    last = fused.nodes[-1].outputs[0]
    op = RoundMax(shift, q.bits, len(fused.pool), fused.relu)
    name = q.emit(op, [raw], frac - shift, last)
    result = q.new(name, frac - shift, False, last, perm)
    q.values[last] = result
    q.skipped |= {node.name for node in fused.nodes}
    return result


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
        return q.new(_bias(q, node, raw, frac, 1 + rank), frac, True, out, perm)
    split = q.emit(Reshape((shape[0], groups, inner, *shape[2:])), [patches], x.frac, f"{patches}.groups")
    raw = q.emit(Contract(f"bgc{space}{kernel}", f"goc{kernel}", f"b{space}go"), [split, weight], frac, out)
    rounded = q.rounded(q.new(raw, frac, True, out), out)
    merged = (*q.ints.shapes[raw][: 1 + rank], groups * each)
    name = _bias(q, node, q.emit(Reshape(merged), [rounded.name], rounded.frac, out), rounded.frac, 1 + rank)
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
