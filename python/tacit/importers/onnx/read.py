"""From bytes to a checked ``onnx.ModelProto``: parsing and bounds only, nothing of the model is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

from tacit.errors import ModelError
from tacit.graph.builder import MAX_ENTRIES
from tacit.importers.onnx.attributes import check_name, check_numbers
from tacit.importers.onnx.functions import inline_functions

MAX_FILE_BYTES = 2**31 - 1  # a protobuf message cannot be larger
MAX_NODES = 2**17
MAX_DEPTH = 16
OPSETS = {"": (7, 28), "ai.onnx.ml": (1, 6)}
DOMAIN_ALIASES = {"ai.onnx": ""}


def read_path(path: Path) -> ModelProto:
    """Read a model file and the external data beside it. Raises :class:`ModelError`."""
    if not path.exists():
        raise ModelError("there is no such file", slug="file", place=str(path))
    if not path.is_file():
        raise ModelError("this is not a file", slug="file", place=str(path), remedy="give the path of an .onnx file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ModelError(
            "the file is 2 GiB or larger", slug="too_large", place=str(path), remedy="save the weights as external data"
        )
    model = parse(path.read_bytes(), str(path))
    check_text(model)
    load_external(model, path.parent)
    return model


def parse(content: bytes, place: str) -> ModelProto:
    """Parse serialised ONNX. Raises :class:`ModelError` for anything that is not a whole model."""
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(
            "this is not an ONNX model, or it is cut off",
            slug="not_onnx",
            place=place,
            remedy="check the file's size and export it again",
        ) from error
    if model.ir_version < 1 or not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise ModelError("this is not an ONNX model: it has no graph", slug="not_onnx", place=place)
    return model


def all_graphs(graph: GraphProto | FunctionProto, depth: int = 0) -> Iterator[GraphProto | FunctionProto]:
    """The graph, or the body of a function, and the subgraphs in its nodes' attributes."""
    if depth > MAX_DEPTH:
        raise ModelError(f"subgraphs are nested deeper than {MAX_DEPTH}", slug="structure")
    yield graph
    for node in graph.node:
        for subgraph in subgraphs(node):
            yield from all_graphs(subgraph, depth + 1)


def subgraphs(node: NodeProto) -> list[GraphProto]:
    """The branches and loop bodies in a node's attributes."""
    return [
        graph
        for attribute in node.attribute
        for graph in [*attribute.graphs, *([attribute.g] if attribute.type == AttributeProto.GRAPH else [])]
    ]


def all_parts(model: ModelProto) -> Iterator[GraphProto | FunctionProto]:
    """Everything that has nodes: graph, subgraphs, local functions."""
    for part in (model.graph, *model.functions):
        yield from all_graphs(part)


def all_tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every stored tensor: initialisers and tensors in attributes, also in subgraphs and local functions."""
    for part in all_parts(model):
        if isinstance(part, GraphProto):
            yield from part.initializer
        for node in part.node:
            for attribute in node.attribute:
                if attribute.type == AttributeProto.TENSOR:
                    yield attribute.t
                yield from attribute.tensors


def load_external(model: ModelProto, folder: Path | None) -> None:
    """Read tensors stored outside the file; their files must lie in ``folder`` (None: there may be none)."""
    root = folder.resolve() if folder is not None else None
    for tensor in all_tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        place = f"tensor {tensor.name}"
        if root is None:
            raise ModelError(
                "its data is in another file", slug="external_data", place=place, remedy="load the model by its path"
            )
        entries = {entry.key: entry.value for entry in tensor.external_data}
        _check_external(entries, root, place)
        offset, length = _external_range(entries, place)
        size = (root / entries["location"]).stat().st_size
        expected = tensor_bytes(tensor, place)
        length = expected if length is None else length
        if length != expected or offset + length > size:
            raise ModelError(
                f"{expected} bytes expected, {length} declared at {offset} of a file of {size}",
                slug="external_data",
                place=place,
                remedy="the data file is cut off or belongs to another model",
            )
        with (root / entries["location"]).open("rb") as file:
            file.seek(offset)
            tensor.raw_data = file.read(length)
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]


def _check_external(entries: dict[str, str], root: Path, place: str) -> None:
    location = entries.get("location", "")
    parts = Path(location).parts if "\0" not in location else ()
    # "\\" and "x:" are separators and drives elsewhere: a model that means something else there is refused everywhere.
    if not parts or Path(location).is_absolute() or ".." in parts or "\\" in location or ":" in location:
        raise ModelError(
            f"its data is at {location!r}, not inside the model's folder",
            slug="external_data",
            place=place,
            remedy="put the data file beside the model and name it relative to it",
        )
    beside = "put the data file beside the model and name it relative to it"
    try:
        target = (root / location).resolve()
        there = target.is_file()
    except OSError as error:
        raise ModelError(
            f"its data file {location[:80]!r} cannot be read: {error.strerror}",
            slug="external_data",
            place=place,
            remedy=beside,
        ) from error
    if not target.is_relative_to(root):
        raise ModelError(
            f"{location!r} leads out of the model's folder", slug="external_data", place=place, remedy=beside
        )
    if not there:
        raise ModelError(f"its data file {location!r} is missing", slug="external_data", place=place, remedy=beside)


def _external_range(entries: dict[str, str], place: str) -> tuple[int, int | None]:
    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries["length"]) if "length" in entries else None
    except ValueError as error:
        raise ModelError("offset or length is not a number", slug="external_data", place=place) from error
    if offset < 0 or (length is not None and length < 0):
        raise ModelError("offset or length is negative", slug="external_data", place=place)
    return offset, length


def tensor_bytes(tensor: TensorProto, place: str) -> int:
    """Bytes of a tensor's data by its declared shape and type; refuses negative extents and 2^31 entries or more."""
    if any(extent < 0 for extent in tensor.dims):
        raise ModelError(f"shape {list(tensor.dims)} has a negative extent", slug="structure", place=place)
    count = math.prod(tensor.dims)
    if count >= MAX_ENTRIES:
        raise ModelError(
            f"shape {list(tensor.dims)} has 2^31 entries or more",
            slug="too_large",
            place=place,
            remedy="split the model",
        )
    try:
        width = int(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    except (KeyError, TypeError) as error:
        raise ModelError(f"tensor type {tensor.data_type} is unknown", slug="constant_type", place=place) from error
    return int(count * width)


def check_model(model: ModelProto) -> None:
    """Refuse what no importer could read: operator sets, sizes, structure. The graph's nodes are put in order."""
    check_nodes(model)
    inline_functions(model, MAX_NODES)
    check_opsets(model)
    for tensor in all_tensors(model):
        place = f"tensor {tensor.name or '(unnamed)'}"
        size = tensor_bytes(tensor, place)
        if tensor.HasField("raw_data") and tensor.data_type not in _PACKED and len(tensor.raw_data) != size:
            raise ModelError(f"{size} bytes expected, {len(tensor.raw_data)} stored", slug="structure", place=place)
    if model.graph.sparse_initializer:
        raise ModelError(
            "sparse weights are not supported", slug="structure", place="graph", remedy="export dense weights"
        )
    order_nodes(model.graph)


def check_text(model: ModelProto) -> None:
    """Names must be text: a file may hold any bytes, and the libraries fail on them in ways of their own."""

    def fields(part: GraphProto | FunctionProto) -> Iterator[object]:
        for node in part.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
        if isinstance(part, FunctionProto):
            yield from (
                part.name,
                part.domain,
                *part.input,
                *part.output,
                *(entry.domain for entry in part.opset_import),
            )
            return
        yield part.name
        for entry in (*part.input, *part.output, *part.value_info):
            yield entry.name
            yield from (dim.dim_param for dim in entry.type.tensor_type.shape.dim)

    def everything() -> Iterator[object]:
        yield from (entry.domain for entry in model.opset_import)
        for part in all_parts(model):
            yield from fields(part)
        for tensor in all_tensors(model):
            yield tensor.name
            yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))

    wrong = next((value for value in everything() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ModelError(f"a name is not UTF-8 text: {str(wrong)[:40]}", slug="structure", place="model")


def check_nodes(model: ModelProto) -> None:
    """Numbers and names of every node, of functions and subgraphs too, before a library sees them."""
    for part in all_parts(model):
        for index, node in enumerate(part.node):
            check_numbers(node, _place(node, index))
            for name in (node.name, *node.input, *node.output):
                check_name(name, "tensor")
    for entry in (*model.graph.input, *model.graph.initializer):
        check_name(entry.name, "tensor")


# Four-bit and two-bit types share bytes.
_PACKED = {
    value for name, value in TensorProto.DataType.items() if name in ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
}


def strip_maps(model: ModelProto) -> bool:
    """Replace each ZipMap (a tensor as a list of dictionaries, for people) by the tensor; whether there was one."""
    found = [node for node in model.graph.node if node.op_type == "ZipMap" and node.domain == "ai.onnx.ml"]
    shape = onnx.TensorShapeProto(dim=[onnx.TensorShapeProto.Dimension(), onnx.TensorShapeProto.Dimension()])
    for node in found:
        node.op_type, node.domain = "Identity", ""
        del node.attribute[:]
        for entry in model.graph.output:
            if entry.name in node.output:
                entry.type.Clear()
                entry.type.tensor_type.elem_type = TensorProto.FLOAT
                entry.type.tensor_type.shape.CopyFrom(shape)
    if found and not any(entry.domain in ("", "ai.onnx") for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("", 17))
    return bool(found)


def check_opsets(model: ModelProto) -> None:
    """Operator set versions must be known, and one a domain."""
    found: dict[str, int] = {}
    for entry in model.opset_import:
        domain = DOMAIN_ALIASES.get(entry.domain, entry.domain)
        if found.setdefault(domain, entry.version) != entry.version:
            raise ModelError(
                f"operator set {domain or 'ai.onnx'} is imported as {found[domain]} and as {entry.version}",
                slug="opset",
                place="model",
            )
    if not found:
        raise ModelError("the model imports no operator set", slug="opset", place="model")
    for domain, version in found.items():
        low, high = OPSETS.get(domain, (1, 2**62))
        if not low <= version <= high:
            raise ModelError(
                f"operator set {domain or 'ai.onnx'} {version} is outside {low}..{high}",
                slug="opset",
                place="model",
                remedy="export with opset 17, or use onnx.version_converter",
            )


def order_nodes(graph: GraphProto) -> None:
    """Sort the nodes topologically; refuse a tensor defined twice or never, and cycles."""
    if len(graph.node) > MAX_NODES:
        raise ModelError(f"the graph has more than {MAX_NODES} nodes", slug="too_large", place="graph")
    known = _given(graph)
    producer: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for output in node.output:
            if output and (output in producer or output in known):
                raise ModelError(f"tensor {output} is defined twice", slug="duplicate", place=_place(node, index))
            if output:
                producer[output] = index
    needs = [sorted(node_reads(node) - known) for node in graph.node]
    for index, names in enumerate(needs):
        for name in names:
            if name not in producer:
                raise ModelError(
                    f"input {name} is not defined anywhere",
                    slug="missing_input",
                    place=_place(graph.node[index], index),
                    remedy="the model is incomplete; export it again",
                )
    for entry in graph.output:
        if entry.name not in producer and entry.name not in known:
            raise ModelError("it is not defined anywhere", slug="missing_input", place=f"output {entry.name}")
    order = _topological(graph, [{producer[name] for name in names} for names in needs])
    if order != list(range(len(order))):
        ordered = [graph.node[index] for index in order]
        copies = [NodeProto.FromString(node.SerializeToString()) for node in ordered]
        del graph.node[:]
        graph.node.extend(copies)


def _given(graph: GraphProto) -> set[str]:
    """Names of inputs and initialisers, each once (an initialiser may repeat an input: its default)."""
    result: set[str] = set()
    for kind, names in (
        ("input", [entry.name for entry in graph.input]),
        ("initialiser", [entry.name for entry in graph.initializer]),
        ("output", [entry.name for entry in graph.output]),
    ):
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ModelError(f"{kind} {twice} is listed twice", slug="duplicate", place="graph")
        if "" in names:
            raise ModelError(f"an {kind} has no name", slug="structure", place="graph")
        if kind != "output":
            result.update(names)
    return result


def node_reads(node: NodeProto) -> set[str]:
    """What a node needs: its inputs, and what its subgraphs take from outside."""
    names = {name for name in node.input if name}
    for graph in subgraphs(node):
        inner = {entry.name for entry in graph.input} | {entry.name for entry in graph.initializer}
        inner |= {name for part in graph.node for name in part.output}
        for part in graph.node:
            names |= node_reads(part) - inner
    return names


def needed_tensors(model: ModelProto) -> set[str]:
    """The tensors that some output depends on."""
    needed = {entry.name for entry in model.graph.output}
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed |= node_reads(node)
    return needed


def _topological(graph: GraphProto, needs: list[set[int]]) -> list[int]:
    """Kahn's algorithm, the smallest index first so that a sorted graph stays as it is."""
    import heapq

    users: list[list[int]] = [[] for _ in needs]
    missing = [len(indices) for indices in needs]
    for index, indices in enumerate(needs):
        for other in indices:
            users[other].append(index)
    ready = [index for index, count in enumerate(missing) if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for user in users[index]:
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, user)
    if len(order) != len(needs):
        index = next(index for index, count in enumerate(missing) if count > 0)
        raise ModelError(
            "the graph has a cycle through this node", slug="cycle", place=_place(graph.node[index], index)
        )
    return order


def _place(node: NodeProto, index: int) -> str:
    return f"node {node_name(node, index)} ({node.op_type})"


def node_name(node: NodeProto, index: int) -> str:
    """The node's own name, or its operator and position."""
    return node.name or f"{node.op_type}_{index}"
