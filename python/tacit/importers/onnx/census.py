"""What constant folding will make, counted by shapes before anything is made: by a library or by the importer.

    cost of a node of constants = entries that it makes + entries that it reads, if it reads all + multiplications / 256
    sum of the costs <= 2^23 + 8 * bytes of the model

Shapes are those of ONNX's own inference, node by node, with the values of the small constants (shapes, paddings, repeats)
computed on the way.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, numpy_helper

from tacit.errors import ModelError
from tacit.graph import Array, Shape
from tacit.importers.onnx.calls import Call, call_of, versions_of
from tacit.importers.onnx.constants import RULES, compute, constant_value
from tacit.importers.onnx.read import needed_tensors, node_reads, subgraphs

#: Cost that every model may have, and per byte of its file: each weight of 32 bits is folded 32 times over.
FREE = 2**23
FREE_PER_BYTE = 8
#: Multiplications that cost as much as one entry.
PER_ENTRY = 256
#: Constants of at most this many entries are computed: sizes of others follow from them.
SMALL = 2**12

#: Operators that make each entry from a few: their cost is what they make.
LIGHT = {
    *(name for name in RULES if not name.startswith("Reduce")),
    *("Shape", "Size", "Constant", "Pad", "Split", "Flatten", "OneHot", "EyeLike", "DepthToSpace", "SpaceToDepth"),
    *("GatherElements", "GatherND", "Dropout", "DequantizeLinear", "QuantizeLinear", "CastLike", "IsNaN", "IsInf"),
    *("Abs", "Sign", "Round", "Exp", "Log", "Pow", "Mod", "Reciprocal", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Erf"),
    *("Clip", "Sin", "Cos", "Tan", "Atan", "Softplus", "HardSigmoid", "HardSwish", "Gelu", "PRelu", "Elu", "Xor"),
    *("BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Sum", "Mean", "BatchNormalization"),
    *("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli"),
    *("ScatterND", "ScatterElements", "Resize", "Upsample"),
}
#: Operators that read each entry a few times.
READERS = {
    *("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"),
    *("ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin", "Softmax", "LogSoftmax", "CumSum", "TopK", "NonZero"),
    *("GlobalAveragePool", "GlobalMaxPool", "LayerNormalization", "InstanceNormalization", "Unique", "Compress"),
}
#: Small constants of these are computed by ONNX's evaluator; all of them make no more entries than they read.
EVALUATED = {"Mod", "Pow", "Round", "Sign", "Exp", "Log", "Clip", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceMean"}
EVALUATED |= {"CumSum", "ArgMax", "ArgMin", "Split", "GatherND", "Xor", "Relu"}


@dataclass(frozen=True)
class Census:
    """`unsized`: tensors of constants alone whose size cannot be told. With any of them nothing may be folded by a library."""

    total: int
    unsized: frozenset[str]


def most_folded(model: ModelProto) -> int:
    """The sum of costs that this model may have."""
    return FREE + FREE_PER_BYTE * int(model.ByteSize())


def take_census(model: ModelProto, most: int) -> Census:
    """Count what folding will make. The model is checked, its nodes are in order, its inputs have shapes.

    Raises :class:`ModelError`, slug too_large, at the node that passes ``most``, and for a constant whose size cannot be
    told and that nothing needs.
    """
    count = _Count(versions_of(model), model.ir_version, most)
    count.add(model.graph)
    count.unsized.pop("", None)
    spare = sorted(count.unsized.keys() - needed_tensors(model) - count.inner)
    if spare:
        raise ModelError(
            "the size of this constant cannot be told from shapes, and nothing needs it",
            slug="too_large",
            place=count.unsized[spare[0]],
            remedy="remove this node where the model is made",
        )
    return Census(count.total, frozenset(count.unsized))


class _Count:
    """What is known of the tensors of one graph and of those around it."""

    def __init__(self, versions: Mapping[str, int], ir_version: int, most: int) -> None:
        self.versions, self.ir_version, self.most = versions, ir_version, most
        self.imports = [onnx.helper.make_opsetid(domain, version) for domain, version in versions.items()]
        self.total = 0
        self.unsized: dict[str, str] = {}  # tensor -> place
        self.inner: set[str] = set()  # tensors of subgraphs: of those it is not known whether they are needed
        self.types: MutableMapping[str, TypeProto] = {}
        self.values: MutableMapping[str, Array] = {}
        self.constant: MutableMapping[str, bool] = {}

    def add(self, graph: GraphProto) -> None:
        for entry in graph.input:
            self.types[entry.name] = entry.type
        for tensor in graph.initializer:
            self._stored(tensor.name, tensor)
        for index, node in enumerate(graph.node):
            self._node(node, index)

    def _stored(self, name: str, tensor: TensorProto) -> None:
        self.constant[name] = True
        self.types[name] = onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
        if math.prod(tensor.dims) <= SMALL:
            try:
                self.values[name] = np.asarray(numpy_helper.to_array(tensor))
            except (ValueError, TypeError):
                return  # the importer refuses it by name

    def _node(self, node: NodeProto, index: int) -> None:
        call = call_of(node, index, self.versions)
        for graph in subgraphs(node):
            self._inside(graph)
        if call.op == "Constant" and not call.domain and isinstance(call.attrs.get("value"), TensorProto):
            self._stored(node.output[0], call.attrs["value"])
            return
        # What a shape is made of follows from no value: a library may know it where ONNX's inference does not.
        of_shape = not call.domain and call.op in ("Shape", "Size")
        constant = of_shape or all(self.constant.get(name, False) for name in node_reads(node))
        types = {} if subgraphs(node) else self._infer(node, call)
        values = self._values(call, types) if constant else {}
        for name in node.output:
            if name in types:
                self.types[name] = types[name]
            self.constant[name] = constant
        self.values.update(values)
        for name, value in values.items():
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
            self.types[name] = onnx.helper.make_tensor_type_proto(kind, value.shape)
        if constant:
            self._spend(call)

    def _inside(self, graph: GraphProto) -> None:
        """Count a branch or a body once, with what it can see; its own names end with it."""
        outer = self.types, self.values, self.constant
        self.types, self.values = ChainMap({}, self.types), ChainMap({}, self.values)
        self.constant = ChainMap({entry.name: False for entry in graph.input}, self.constant)
        before = set(self.unsized)
        self.add(graph)
        self.inner |= self.unsized.keys() - before
        self.types, self.values, self.constant = outer

    def _infer(self, node: NodeProto, call: Call) -> dict[str, TypeProto]:
        """The outputs' types by ONNX's inference of this node; none where it fails or does not know the operator."""
        names = {name for name in node.input if name}
        if not names <= self.types.keys():
            return {}
        data = {name: numpy_helper.from_array(self.values[name], name) for name in names if name in self.values}
        try:
            schema = onnx.defs.get_schema(call.op, call.version, call.domain)
            return dict(
                onnx.shape_inference.infer_node_outputs(
                    schema, node, {name: self.types[name] for name in names}, data, None, self.imports, self.ir_version
                )
            )
        except (onnx.defs.SchemaError, onnx.shape_inference.InferenceError, ValueError, RuntimeError, TypeError):
            return {}

    def _values(self, call: Call, types: Mapping[str, TypeProto]) -> dict[str, Array]:
        """The outputs' values, where they and all inputs are small."""
        if call.op == "Constant" and not call.domain:
            try:
                return {call.outputs[0]: constant_value(call)}
            except ModelError:
                return {}
        if call.op in ("Shape", "Size"):
            shape = self._shape(call.inputs[0])
            return {} if shape is None else {call.outputs[0]: compute(call, [np.broadcast_to(np.int8(0), shape)])}
        if any(name and name not in self.values for name in call.inputs) or call.domain:
            return {}
        shapes = [_static(types.get(name)) for name in call.outputs if name]
        if call.op != "NonZero" and any(shape is None or math.prod(shape) > SMALL for shape in shapes):
            return {}
        given = [self.values[name] if name else None for name in call.inputs]
        try:
            if call.op in RULES and len(call.outputs) == 1:
                return {call.outputs[0]: compute(call, given)}
            return self._by_evaluator(call, given) if call.op in EVALUATED else {}
        except Exception:  # the evaluator has no common exception type; without the value some sizes stay unknown
            return {}

    def _by_evaluator(self, call: Call, given: Sequence[Array | None]) -> dict[str, Array]:
        from onnx.reference import ReferenceEvaluator

        node = onnx.helper.make_node(call.op, call.inputs, call.outputs, **call.attrs)
        feeds = {name: value for name, value in zip(call.inputs, given, strict=True) if value is not None}
        inputs = [onnx.ValueInfoProto(name=name, type=self.types[name]) for name in feeds]
        outputs = [onnx.ValueInfoProto(name=name) for name in call.outputs if name]
        graph = onnx.helper.make_graph([node], "constants", inputs, outputs)
        model = onnx.helper.make_model(graph, opset_imports=self.imports, ir_version=self.ir_version)
        found = ReferenceEvaluator(model).run(None, feeds)
        return {entry.name: np.asarray(value) for entry, value in zip(outputs, found, strict=True)}

    def _shape(self, name: str) -> Shape | None:
        return _static(self.types.get(name))

    def _spend(self, call: Call) -> None:
        made = [self._shape(name) for name in call.outputs if name]
        read = [self._shape(name) for name in call.inputs if name]
        if any(shape is None for shape in made):
            self.unsized.update((name, call.place) for name in call.outputs if name)
            return
        cost = _cost(call, [shape or () for shape in made], [shape or () for shape in read])
        self.total += cost
        if self.total > self.most:
            raise ModelError(
                f"constants that are computed would cost {self.total} entries with this one, expected at most {self.most}",
                slug="too_large",
                place=call.place,
                remedy="store the constant's result in the model, or split the model",
            )


def _static(kind: TypeProto | None) -> Shape | None:
    """The shape, if every extent is known."""
    if kind is None or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    return tuple(dim.dim_value for dim in dims) if all(dim.HasField("dim_value") for dim in dims) else None


def _cost(call: Call, made: Sequence[Shape], read: Sequence[Shape]) -> int:
    """What a node of constants costs, in entries."""
    outs, ins = sum(map(math.prod, made)), [math.prod(shape) for shape in read]
    if not call.domain and call.op in LIGHT:
        return outs
    if not call.domain and call.op in READERS:
        return outs + sum(ins)
    if not call.domain and call.op in ("MatMul", "Gemm") and read[0]:
        inner = read[0][0] if call.attrs.get("transA", 0) else read[0][-1]
    elif not call.domain and call.op == "Conv":
        inner = math.prod(read[1][1:])
    else:
        inner = max(ins, default=0)  # it may read all of its input for every entry
    return outs + sum(ins) + outs * inner // PER_ENTRY
