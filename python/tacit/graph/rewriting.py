"""Rewrites of a canonical graph that save work: GELU patterns, constants folded together and into linear layers.

Every rewrite replaces a node, and perhaps a producer that nothing else reads, by one node with the same output tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tacit.graph.builder import GraphBuilder
from tacit.graph.gelu import find_gelu
from tacit.graph.nodes import Array, Node, Shape


class Rewriter:
    """The nodes of a builder by name, with producers and readers of every tensor.

    ``blind``: weights are not looked at; what is done depends on the architecture alone. ``apart``: besides, every weight stays
    the weight that it is (``APART``), so that a step down the gradient is the same step before and after.
    """

    def __init__(self, builder: GraphBuilder, outputs: Sequence[str], blind: bool = False, apart: bool = False) -> None:
        self.builder, self.blind, self.apart = builder, blind or apart, apart
        self.outputs = set(outputs)
        self.nodes = {node.name: node for node in builder.nodes}
        self.producer: dict[str, str] = {}
        self.readers: dict[str, list[str]] = {}
        for node in builder.nodes:
            self._link(node)

    def _link(self, node: Node) -> None:
        for name in node.outputs:
            self.producer[name] = node.name
        for name in node.inputs:
            self.readers.setdefault(name, []).append(node.name)

    def _unlink(self, node: Node) -> None:
        for name in node.outputs:
            if self.producer.get(name) == node.name:
                del self.producer[name]
        for name in node.inputs:
            self.readers[name].remove(node.name)

    def sole(self, tensor: str) -> Node | None:
        """The producer of a tensor that is read once and is no output, else None."""
        if tensor in self.outputs or len(self.readers.get(tensor, [])) != 1 or tensor not in self.producer:
            return None
        return self.nodes[self.producer[tensor]]

    def constant(self, name: str) -> Array | None:
        return self.builder.constants.get(name)

    def plain(self, name: str) -> bool:
        """Whether a constant depends on no weight that is trained."""
        return not self.builder.made_of[name]

    def shape(self, name: str) -> Shape:
        return self.builder.shapes[name]

    def replace(self, node: Node, new: Node, absorbed: Node | None = None) -> None:
        """Put ``new`` (same name and outputs) in the place of ``node``, and drop ``absorbed``."""
        self._unlink(node)
        self.nodes[node.name] = new
        self._link(new)
        if absorbed is not None:
            self.drop(absorbed)
            self.builder.sources[node.name] = _merge(
                self.builder.sources[absorbed.name], self.builder.sources[node.name]
            )

    def drop(self, node: Node) -> None:
        self._unlink(node)
        del self.nodes[node.name]

    def forward(self, node: Node, tensor: str) -> bool:
        """Remove a node that does nothing: its readers read ``tensor``. An output keeps its node."""
        output = node.outputs[0]
        if output in self.outputs:
            return False
        for reader in [self.nodes[name] for name in dict.fromkeys(self.readers.get(output, []))]:
            inputs = tuple(tensor if name == output else name for name in reader.inputs)
            self.replace(reader, Node(reader.name, reader.op, inputs, reader.outputs, reader.attrs))
        self.drop(node)
        return True


def _merge(first: str, second: str) -> str:
    names = dict.fromkeys([*first.split(", "), *second.split(", ")])
    return ", ".join(name for name in names if name)


def fuse(builder: GraphBuilder, outputs: Sequence[str], blind: bool = False, apart: bool = False) -> None:
    """Rewrite until nothing changes; then drop nodes and constants that no output needs."""
    rewriter, rules = Rewriter(builder, outputs, blind, apart), APART if apart else RULES
    for name in list(rewriter.nodes):
        find_gelu(rewriter, rewriter.nodes[name])
    remove_dead(rewriter)
    changed = True
    while changed:
        changed = False
        for name in list(rewriter.nodes):
            while name in rewriter.nodes and any(rule(rewriter, rewriter.nodes[name]) for rule in rules):
                changed = True
        remove_dead(rewriter)
    builder.nodes = list(rewriter.nodes.values())
    used = {name for node in builder.nodes for name in node.inputs}
    builder.constants = {name: value for name, value in builder.constants.items() if name in used}


def remove_dead(rewriter: Rewriter) -> None:
    """Drop nodes whose outputs nothing reads."""
    for node in reversed(list(rewriter.nodes.values())):
        if not any(name in rewriter.outputs or rewriter.readers.get(name) for name in node.outputs):
            rewriter.drop(node)


def no_operation(rewriter: Rewriter, node: Node) -> bool:
    """x + 0, x * 1, and layout nodes that keep everything in place."""
    x, out = node.inputs[0], node.outputs[0]
    if rewriter.shape(x) != rewriter.shape(out) or rewriter.constant(x) is not None:
        return False
    if node.op in ("Add", "Mul"):
        value = rewriter.constant(node.inputs[1])
        hidden = value is not None and rewriter.blind and (node.op == "Add" or value.size > 1)
        hidden = hidden or (value is not None and rewriter.apart and not rewriter.plain(node.inputs[1]))
        idle = value is not None and not hidden and bool((value == (0.0 if node.op == "Add" else 1.0)).all())
    elif node.op == "Transpose":
        idle = tuple(node.attrs["perm"]) == tuple(range(len(node.attrs["perm"])))
    else:
        idle = node.op == "Reshape"
    return idle and rewriter.forward(node, x)


def reshape_twice(rewriter: Rewriter, node: Node) -> bool:
    """reshape(reshape(x)) = reshape(x); transpose(transpose(x)) composes the permutations."""
    before = rewriter.sole(node.inputs[0])
    if before is None or before.op != node.op or node.op not in ("Reshape", "Transpose"):
        return False
    attrs = dict(node.attrs)
    if node.op == "Transpose":
        attrs["perm"] = tuple(before.attrs["perm"][axis] for axis in node.attrs["perm"])
    rewriter.replace(node, Node(node.name, node.op, before.inputs, node.outputs, attrs), before)
    return True


def constants_together(rewriter: Rewriter, node: Node) -> bool:
    """(x + a) + b = x + (a + b), (x * a) * b = x * (a * b)."""
    if node.op not in ("Add", "Mul"):
        return False
    before, second = rewriter.sole(node.inputs[0]), rewriter.constant(node.inputs[1])
    if before is None or before.op != node.op or second is None:
        return False
    first = rewriter.constant(before.inputs[1])
    if rewriter.apart and (first is None or node.op == "Add" or first.size * second.size != 1):
        return False  # two weights are not one; factors of one number are none
    if rewriter.apart and not (rewriter.plain(before.inputs[1]) and rewriter.plain(node.inputs[1])):
        return False  # unless the model has them as weights
    if first is None or not _finite(product := first + second if node.op == "Add" else first * second):
        return False
    made_of = rewriter.builder.made_of[before.inputs[1]] | rewriter.builder.made_of[node.inputs[1]]
    merged = rewriter.builder.constant(product, name=f"{node.outputs[0]}/constant", made_of=made_of)
    rewriter.replace(node, Node(node.name, node.op, (before.inputs[0], merged), node.outputs, {}), before)
    return True


def _finite(value: Array) -> bool:
    return bool(np.isfinite(value).all())


def _feature_axis(op: str, rank: int) -> int:
    """The axis of a linear layer's output that counts its features."""
    return 1 if op == "Conv" else rank - 1


def _per_feature(value: Array, op: str, out: Shape) -> Array | None:
    """A constant that is one number, or one a feature, as a vector (features); else None."""
    axis = _feature_axis(op, len(out))
    if value.ndim > len(out):
        return None
    full = (1,) * (len(out) - value.ndim) + value.shape
    if any(extent != 1 for position, extent in enumerate(full) if position != axis) or full[axis] not in (1, out[axis]):
        return None  # one of more features than the layer has makes them more: no factor of its weights
    return np.broadcast_to(value.reshape(-1), (out[axis],))


def _own_weight(rewriter: Rewriter, linear: Node) -> Array | None:
    """The constant weight of a linear layer if no other node uses it (a copy would be committed twice)."""
    weight = rewriter.constant(linear.inputs[1])
    return weight if weight is not None and len(rewriter.readers[linear.inputs[1]]) == 1 else None


def _scaled(rewriter: Rewriter, linear: Node, factor: Array, output: str) -> Node | None:
    """The linear layer whose outputs are ``factor`` (one a feature) times as large."""
    weight = _own_weight(rewriter, linear)
    if weight is None:
        return None
    along = factor.reshape(-1, *([1] * (weight.ndim - 1))) if linear.op == "Conv" else factor
    inputs = list(linear.inputs)
    inputs[1] = rewriter.builder.constant(weight * along, name=f"{linear.inputs[1]}/scaled")
    if len(inputs) == 3:
        inputs[2] = rewriter.builder.constant(
            rewriter.builder.constants[inputs[2]] * factor, name=f"{inputs[2]}/scaled"
        )
    return Node(linear.name, linear.op, tuple(inputs), (output,), linear.attrs)


def scale_after_linear(rewriter: Rewriter, node: Node) -> bool:
    """(x W) * s = x (W s), and (x W + b) * s = x (W s) + b s: a batch normalisation goes into the layer before it."""
    value = rewriter.constant(node.inputs[1]) if node.op == "Mul" else None
    before = rewriter.sole(node.inputs[0])
    if value is None or before is None or rewriter.shape(node.inputs[0]) != rewriter.shape(node.outputs[0]):
        return False
    if before.operator.product == "sums":
        factor = _per_feature(value, before.op, rewriter.shape(node.outputs[0]))
        scaled = None if factor is None else _scaled(rewriter, before, factor, node.outputs[0])
        if scaled is None:
            return False
        rewriter.replace(node, Node(node.name, scaled.op, scaled.inputs, node.outputs, scaled.attrs), before)
        return True
    return before.op == "Add" and _scale_through_add(rewriter, node, before, value)


def _scale_through_add(rewriter: Rewriter, node: Node, before: Node, value: Array) -> bool:
    """The second identity above: the node becomes the Add, the layer below is scaled in place."""
    offset, linear = rewriter.constant(before.inputs[1]), rewriter.sole(before.inputs[0])
    if offset is None or linear is None or linear.operator.product != "sums":
        return False
    out = rewriter.shape(linear.outputs[0])
    factor = _per_feature(value, linear.op, out)
    if factor is None or rewriter.shape(before.outputs[0]) != out or not _finite(offset * value):
        return False
    builder = rewriter.builder
    tensor = builder.fresh(f"{linear.outputs[0]}/scaled")
    scaled = _scaled(rewriter, linear, factor, tensor)
    if scaled is None:
        return False
    builder.shapes[tensor], builder.kinds[tensor] = out, "float"
    rewriter.replace(linear, scaled)
    moved = builder.constant(offset * value, name=f"{before.inputs[1]}/scaled")
    rewriter.replace(node, Node(node.name, "Add", (tensor, moved), node.outputs, {}), before)
    return True


def scale_before_linear(rewriter: Rewriter, node: Node) -> bool:
    """(c x) W = x (c W) for one number c. Scales that differ by feature stay: they would spread the weights' range."""
    before = rewriter.sole(node.inputs[0]) if node.operator.product == "sums" else None
    if before is None or before.op != "Mul":
        return False
    value, weight = rewriter.constant(before.inputs[1]), _own_weight(rewriter, node)
    if value is None or value.size != 1 or weight is None or not _finite(weight * value.reshape(-1)[0]):
        return False
    if rewriter.shape(before.inputs[0]) != rewriter.shape(before.outputs[0]):
        return False
    scaled = rewriter.builder.constant(weight * value.reshape(-1)[0], name=f"{node.inputs[1]}/scaled")
    inputs = (before.inputs[0], scaled, *node.inputs[2:])
    rewriter.replace(node, Node(node.name, node.op, inputs, node.outputs, node.attrs), before)
    return True


def linear_twice(rewriter: Rewriter, node: Node) -> bool:
    """(x A) B = x (A B), and (x A + b) B = x (A B) + b B, when A B is no larger than A and B together."""
    second, before = _matrix(rewriter, node), rewriter.sole(node.inputs[0])
    if second is None or before is None:
        return False
    offset = rewriter.constant(before.inputs[1]) if before.op == "Add" else None
    linear = before if offset is None else rewriter.sole(before.inputs[0])
    first = None if linear is None else _matrix(rewriter, linear)
    if linear is None or first is None:
        return False
    if first.shape[0] * second.shape[1] > first.size + second.size or not _finite(first @ second):
        return False
    if offset is not None and rewriter.shape(before.outputs[0]) != rewriter.shape(linear.outputs[0]):
        return False
    merged = (linear.inputs[0], rewriter.builder.constant(first @ second, name=f"{node.inputs[1]}/product"))
    if offset is None:
        rewriter.replace(node, Node(node.name, "MatMul", merged, node.outputs, {}), linear)
    else:
        product = _below(rewriter, linear, merged, node)
        # A bias of fewer axes than a row is spread over the row first: its product is then one a row, too.
        rows = np.broadcast_to(offset, (*offset.shape[:-1], first.shape[1]))
        moved = rewriter.builder.constant(rows @ second, name=f"{before.inputs[1]}/product")
        rewriter.replace(node, Node(node.name, "Add", (product, moved), node.outputs, {}), before)
    return True


def _matrix(rewriter: Rewriter, node: Node) -> Array | None:
    """The weight of a MatMul, a matrix that nothing else uses; else None."""
    weight = _own_weight(rewriter, node) if node.op == "MatMul" else None
    return weight if weight is not None and weight.ndim == 2 else None


def _below(rewriter: Rewriter, linear: Node, inputs: tuple[str, ...], node: Node) -> str:
    """Puts a MatMul of these inputs, with results of the node's shape, in the place of a layer below it; its tensor."""
    builder = rewriter.builder
    tensor = builder.fresh(f"{node.outputs[0]}/product")
    builder.shapes[tensor], builder.kinds[tensor] = rewriter.shape(node.outputs[0]), "float"
    rewriter.replace(linear, Node(linear.name, "MatMul", inputs, (tensor,), {}))
    return tensor


def add_after_conv(rewriter: Rewriter, node: Node) -> bool:
    """A constant per channel after a convolution is its bias."""
    value = rewriter.constant(node.inputs[1]) if node.op == "Add" else None
    conv = rewriter.sole(node.inputs[0])
    if value is None or conv is None or conv.op != "Conv":
        return False
    vector = _per_feature(value, "Conv", rewriter.shape(conv.outputs[0]))
    if vector is None or rewriter.shape(conv.outputs[0]) != rewriter.shape(node.outputs[0]):
        return False
    if rewriter.apart and (len(conv.inputs) == 3 or value.size != vector.size):
        return False
    builder, made_of = rewriter.builder, rewriter.builder.made_of[node.inputs[1]]
    given = builder.given.get(node.inputs[1])
    if len(conv.inputs) == 3:
        vector, given = vector + builder.constants[conv.inputs[2]], None
        made_of |= builder.made_of[conv.inputs[2]]
    moved = None if given is None else given.moved(given.places.reshape(-1))
    bias = builder.constant(vector, name=f"{node.outputs[0]}/bias", given=moved, made_of=made_of)
    rewriter.replace(node, Node(node.name, "Conv", (*conv.inputs[:2], bias), node.outputs, conv.attrs), conv)
    return True


def pad_into_window(rewriter: Rewriter, node: Node) -> bool:
    """Zeros around the spatial axes before a convolution or an average are that node's own pads."""
    before = rewriter.sole(node.inputs[0]) if node.op in ("Conv", "AveragePool") else None
    if before is None or before.op != "Pad":
        return False
    pads = before.attrs["pads"]
    rank = len(pads) // 2
    if any(pads[axis] or pads[rank + axis] for axis in (0, 1)):
        return False
    own, inner = node.attrs["pads"], rank - 2
    total = tuple(own[i] + pads[2 + i if i < inner else rank + 2 + i - inner] for i in range(2 * inner))
    inputs = (before.inputs[0], *node.inputs[1:])
    rewriter.replace(node, Node(node.name, node.op, inputs, node.outputs, {**node.attrs, "pads": total}), before)
    return True


RULES: tuple[Callable[[Rewriter, Node], bool], ...] = (
    no_operation,
    reshape_twice,
    constants_together,
    scale_after_linear,
    scale_before_linear,
    linear_twice,
    add_after_conv,
    pad_into_window,
)

#: Those under which every weight stays a weight of its own. One more needs a reason why gradients are the same.
APART = (no_operation, reshape_twice, constants_together, add_after_conv, pad_into_window)
