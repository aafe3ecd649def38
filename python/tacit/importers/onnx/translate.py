"""From an ``onnx.ModelProto`` to a canonical graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from tacit.errors import NEXT_STEPS, ModelError
from tacit.graph import Array, Graph, Origin
from tacit.graph.builder import check_extents
from tacit.graph.provenance import Provenance
from tacit.graph.rewriting import fuse
from tacit.importers.onnx import ops as _ops  # noqa: F401 - fills the registries
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call, call_of, versions_of
from tacit.importers.onnx.census import most_folded, take_census
from tacit.importers.onnx.constants import constant_folding, trace
from tacit.importers.onnx.labels import Labels
from tacit.importers.onnx.often import check_functions
from tacit.importers.onnx.read import check_model, needed_tensors, node_reads, order_nodes
from tacit.importers.onnx.registry import IMPORTERS
from tacit.importers.onnx.shapes import FLOATS, INTEGERS, fix_shapes, free_inputs
from tacit.importers.onnx.simplify import simplify
from tacit.importers.onnx.unsupported import Finding, check_known, find_unsupported, refusal
from tacit.importers.onnx.weights import needed_weights, with_weights

LABEL_NAMES = ("label", "output_label")
#: What numbers of constants are made of that a rewriting made of anything.
REWRITTEN = "several weights"
T = TypeVar("T")


@dataclass(frozen=True)
class Apart:
    """A model that is imported to be trained: no two weights become one (`tacit.graph.provenance`).

    ``stays``: names of weights that training leaves as they are. ``declared``: the model itself says which do. ``logs``: what is
    read are scores or their logarithms of probabilities, which give the same loss. ``labels``, ``words``: what the file calls its
    classes, and what it may call so (`tacit.importers.onnx.labels`).
    """

    stays: Callable[[str], bool]
    declared: bool = False
    logs: bool = False
    labels: Labels = ()
    words: Labels = ()


def import_model(
    model: ModelProto,
    *,
    batch: int,
    origin: Origin,
    simplified: bool = True,
    blind: bool = False,
    apart: Apart | None = None,
) -> Graph:
    """Translate a parsed model (external data already read). ``origin`` is kept to run it as it was given."""
    work = ModelProto()
    work.CopyFrom(model)
    if apart is not None:
        check_functions(work)
    check_model(work)
    check_known(work)
    fix_shapes(work, batch)
    notes = drop_labels(work)
    _complete_outputs(work)
    _check_by_library(work)
    work, unsized = _simplified(work, simplified)
    needed = needed_weights(work)
    builder = Builder(unsized, None if apart is None else apart.stays)
    builder.notes += notes
    inputs = _start(builder, work)
    _mark_integers(builder, work)
    _translate_all(builder, work)
    outputs = _finish(builder, work, inputs)
    # A constant that a rewriting makes without saying of what is none to be trained.
    builder.touched = frozenset({REWRITTEN})
    fuse(builder, outputs, blind, apart is not None)
    if apart is not None:
        name_weights(builder)
    tensors = {*inputs, *builder.constants, *(name for node in builder.nodes for name in node.outputs)}
    return Graph(
        name=work.graph.name or "model",
        inputs=inputs,
        outputs=outputs,
        nodes=tuple(builder.nodes),
        constants=builder.constants,
        shapes={name: builder.shapes[name] for name in builder.shapes if name in tensors},
        sources={node.name: builder.sources[node.name] for node in builder.nodes},
        kinds={name: builder.kinds[name] for name in builder.kinds if name in tensors},
        notes=tuple(builder.notes),
        origin=Origin(origin.content, origin.path, batch, outputs),
        provenance=None if apart is None else _provenance(builder, work, apart, needed),
    )


def _provenance(builder: Builder, model: ModelProto, apart: Apart, needed: Mapping[str, frozenset[str]]) -> Provenance:
    def again(values: Mapping[str, Array]) -> Graph:
        other = with_weights(model, values)
        return import_model(
            other,
            batch=1,
            origin=Origin(other.SerializeToString(), None, 1, ()),
            simplified=False,
            blind=True,
            apart=apart,
        )

    def of_constants(found: Mapping[str, T]) -> dict[str, T]:
        return {name: value for name, value in found.items() if name in builder.constants}

    return Provenance(
        needed=needed,
        stays=frozenset(name for names in needed.values() for name in names if apart.stays(name)),
        given=of_constants(builder.given),
        made_of=of_constants(builder.made_of),
        shown=of_constants(builder.shown),
        read=frozenset(builder.read),
        numbers=frozenset(builder.numbers),
        declared=apart.declared,
        labels=apart.labels,
        words=apart.words,
        again=again,
    )


def name_weights(builder: Builder) -> None:
    """A weight that is read in another order than the file's is called after it: "w/transposed", or "w/reordered".

    What is no weight after all, whatever was said of it, is none from here on.
    """
    for name in list(builder.constants):
        given = builder.given.get(name)
        if given is None:
            continue
        if not given.holds(builder.constants[name], builder.weights[given.of]):
            del builder.given[name]
            continue
        if given.name == name:
            continue
        free = given.name == given.of and given.of not in builder.constants
        new = given.name if free else builder.fresh(given.name)
        builder.rename_everywhere(name, new)
        builder.constants[new] = builder.constants.pop(name)
        builder.given[new], builder.made_of[new] = builder.given.pop(name), builder.made_of.pop(name)


def _simplified(model: ModelProto, wanted: bool) -> tuple[ModelProto, frozenset[str]]:
    """The model, simplified where that is wanted and its cost is known before; the constants whose size cannot be told."""
    most = most_folded(model)
    census = take_census(model, most)
    if not wanted or census.unsized:
        return model, census.unsized
    result = simplify(model)
    if result is model:
        return model, census.unsized
    order_nodes(result.graph)
    return result, take_census(result, most).unsized  # a library leaves the largest constants to the importer


def drop_labels(model: ModelProto) -> list[str]:
    """Drop label outputs of classifiers when there is another output; returns the notes to show."""
    outputs = list(model.graph.output)
    labels = [entry for entry in outputs if _is_label(entry)]
    if not labels or len(labels) == len(outputs):
        return []
    del model.graph.output[:]
    model.graph.output.extend(entry for entry in outputs if not _is_label(entry))
    _remove_dead(model)
    return [
        f"output {entry.name} (class labels) is dropped: prove the scores and read the label off" for entry in labels
    ]


def _is_label(entry: ValueInfoProto) -> bool:
    kind = entry.type.tensor_type.elem_type if entry.type.HasField("tensor_type") else 0
    return kind == TensorProto.STRING or (entry.name in LABEL_NAMES and kind in INTEGERS)


def _remove_dead(model: ModelProto) -> None:
    needed = needed_tensors(model)
    kept = [NodeProto.FromString(node.SerializeToString()) for node in model.graph.node if needed & {*node.output}]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _complete_outputs(model: ModelProto) -> None:
    """Outputs may be declared without type or shape, which ONNX's check asks for: they follow from the nodes."""

    def lacking(graph: GraphProto) -> list[ValueInfoProto]:
        kinds = [(entry, entry.type.tensor_type) for entry in graph.output]
        return [entry for entry, kind in kinds if not (kind.elem_type and kind.HasField("shape"))]

    if not lacking(model.graph):
        return
    inferred = onnx.shape_inference.infer_shapes(model)
    for entry in lacking(inferred.graph):
        raise ModelError(
            "its type and shape are not declared, and do not follow from the nodes",
            slug="structure",
            place=f"output {entry.name}",
            remedy="declare them, or export the model again",
        )
    declared = list(inferred.graph.output)
    del model.graph.output[:]
    model.graph.output.extend(declared)


def _check_by_library(model: ModelProto) -> None:
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"ONNX refuses the model: {reason}", slug="structure", place="model", remedy="export the model again"
        ) from error


def _start(builder: Builder, model: ModelProto) -> tuple[str, ...]:
    """Inputs and initialisers as known tensors."""
    graph = model.graph
    builder.reserve([name for node in graph.node for name in node.output if name])
    names = []
    for entry in free_inputs(model):
        name = entry.name
        shape = tuple(dim.dim_value for dim in entry.type.tensor_type.shape.dim)
        kind = entry.type.tensor_type.elem_type
        builder.reserve([name])
        builder.shapes[name] = check_extents(shape, f"input {name}")
        builder.kinds[name] = "float" if kind in FLOATS else "bool" if kind == TensorProto.BOOL else "int"
        builder.aliases[name] = name
        names.append(name)
        if kind in INTEGERS:
            builder.integral.add(name)
    if not names:
        raise ModelError("the model has no input", slug="no_input", place="graph", remedy="there is nothing to prove")
    for tensor in graph.initializer:
        try:
            value = np.asarray(onnx.numpy_helper.to_array(tensor))
            # NumPy itself has no bfloat16: its values are exact in float32.
            builder.values[tensor.name] = (
                value.astype(np.float32) if tensor.data_type == TensorProto.BFLOAT16 else value
            )
            builder.weigh(tensor.name, builder.values[tensor.name])
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"its data does not match its shape {list(tensor.dims)}",
                slug="structure",
                place=f"tensor {tensor.name}",
            ) from error
    return tuple(names)


def _mark_integers(builder: Builder, model: ModelProto) -> None:
    """Which tensors are of integer type, by ONNX's own inference (its shapes are not used: ours follow onnxruntime)."""
    builder.integral.update(name for name, value in builder.values.items() if value.dtype.kind in "iu")
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=False)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError):
        return  # the importers' own rules find the faulty node and say more
    for entry in [*inferred.graph.value_info, *inferred.graph.output]:
        if entry.type.tensor_type.elem_type in INTEGERS:
            builder.integral.add(entry.name)


def _translate_all(builder: Builder, model: ModelProto) -> None:
    """Every node that is needed. What is not supported is left out, with what depends on it, and named at the end."""
    findings = find_unsupported(model)
    lost = {name for finding in findings for name in finding.outputs}
    needed, versions = needed_tensors(model), versions_of(model)
    for index, node in enumerate(model.graph.node):
        call = call_of(node, index, versions, needed)
        if not any(call.outputs):
            continue
        if not lost.isdisjoint({*node.output, *node_reads(node)}):
            lost.update(name for name in node.output if name)
            continue
        try:
            _translate(builder, call)
        except ModelError as error:
            if error.slug != "unsupported_operator":
                if findings:
                    break
                raise
            why = error.reason.removeprefix(f"{call.op}: ")
            remedy = "" if error.remedy == NEXT_STEPS[error.slug] else error.remedy
            findings.append(Finding(call.domain, call.op, call.name, why, remedy))
            lost.update(name for name in node.output if name)
    if findings:
        raise refusal(findings)


def _translate(builder: Builder, call: Call) -> None:
    builder.begin(call)
    if not builder.unsized.isdisjoint(call.outputs):
        raise call.error("the size of this constant cannot be told beforehand", "store its result in the model")
    known = constant_folding(builder, call)
    if known is not None:
        builder.values[call.outputs[0]] = known
        trace(builder, call, known)
        return
    importer = IMPORTERS.get((call.domain, call.op))
    if importer is None:
        raise call.error("it is computed of constant numbers only")
    try:
        result = importer(builder, call)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise call.error(f"its inputs or attributes do not fit: {error!r}", "export the model again") from error
    tensors = [result] if isinstance(result, str) else list(result)
    for name, tensor in zip(call.outputs, tensors, strict=False):
        if name == "":
            continue
        builder.bind(name, tensor)


def _finish(builder: Builder, model: ModelProto, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The output tensors under their ONNX names; one that only passes on another tensor gets a node of its own."""
    outputs: list[str] = []
    for entry in model.graph.output:
        name = entry.name
        tensor = builder.tensor(name)
        if builder.is_constant(tensor):
            raise ModelError(
                "it does not depend on any input", slug="constant_output", place=f"output {name}", remedy="remove it"
            )
        if tensor in inputs or tensor in outputs:
            builder.begin(Call(name, "Identity", "", 0, (tensor,), (name,), {}))
            copy = builder.emit("Reshape", [tensor], shape=builder.shapes[tensor])
            builder.bind(name, copy)
            tensor = builder.aliases[name]
        elif tensor != name:
            builder.rename_everywhere(tensor, name)
            tensor = name
        outputs.append(tensor)
    return tuple(outputs)
