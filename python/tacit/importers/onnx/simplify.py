"""Constant folding and graph simplification by a library, when one is there and succeeds; else the model as it is.

A library may also fuse: five supported operators become one that is made for a runtime, ``com.microsoft.Attention``.
Such a result is not taken: the next attempt is less ambitious.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator

from onnx import ModelProto, ValueInfoProto, checker, shape_inference

from tacit.importers.onnx.constants import FOLDED
from tacit.importers.onnx.read import DOMAIN_ALIASES, all_parts, check_opsets
from tacit.importers.onnx.registry import IMPORTERS

# Constants that folding would make larger than this stay computed; the importer folds what it needs in its own bounds.
FOLD_THRESHOLD = "64MB"
MAX_SIMPLIFIED_BYTES = 2**30
#: Fusions into operators that the importer does not take. What a version of the library lacks, it ignores; what it has
#: besides these is found in its result.
UNWANTED_FUSIONS = ["fuse_attention", "fuse_gqa", "fuse_layer_norm", "fuse_rms_norm", "fuse_rope"]

Operator = tuple[str, str]


def simplify(model: ModelProto) -> ModelProto:
    """An equivalent model with shape computations folded, of the same operators and such as the importer takes.

    By ``onnxsim``; by it without its rewriting; by ``onnxslim``; or the model itself.
    """
    if model.ByteSize() > MAX_SIMPLIFIED_BYTES:
        return model
    for attempt in (_by_onnxsim, _folded_by_onnxsim, _by_onnxslim):
        result = _try(attempt, model)
        if result is not None:
            return result
    return model


def _try(attempt: Callable[[ModelProto], ModelProto], model: ModelProto) -> ModelProto | None:
    """The attempt's result if it is a sound model with the same inputs and outputs and no foreign operator, else None."""
    try:
        with _quiet():
            result = attempt(model)
            checker.check_model(result)
            check_opsets(result)
    except Exception:  # a library that is missing or fails in any way only costs the simplification
        return None
    same_inputs = _names(result.graph.input) == _names(model.graph.input)
    same_outputs = _names(result.graph.output) == _names(model.graph.output) and same_shapes(result, model)
    foreign = operators(result) - operators(model) - set(IMPORTERS) - FOLDED
    return result if same_inputs and same_outputs and not foreign else None


def same_shapes(one: ModelProto, other: ModelProto) -> bool:
    """Whether no output is known to have another shape in one than in the other: fusions of reductions forget axes."""
    first, second = _shapes(one), _shapes(other)
    return all(
        len(a) == len(b) and all(m == n or not m or not n for m, n in zip(a, b, strict=True))
        for a, b in ((first[name], second[name]) for name in first.keys() & second.keys())
    )


def _shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """The outputs' extents as they follow from the nodes, 0 where one is free; outputs of unknown rank are left out."""
    bare = ModelProto()
    bare.CopyFrom(model)
    bare.graph.ClearField("value_info")
    for entry in bare.graph.output:
        entry.type.tensor_type.ClearField("shape")
    found = {}
    for entry in shape_inference.infer_shapes(bare).graph.output:
        if entry.type.tensor_type.HasField("shape"):
            found[entry.name] = tuple(int(dim.dim_value) for dim in entry.type.tensor_type.shape.dim)
    return found


def operators(model: ModelProto) -> set[Operator]:
    """(domain, name) of every node, those of subgraphs and functions too."""
    nodes = (node for part in all_parts(model) for node in part.node)
    return {(DOMAIN_ALIASES.get(node.domain, node.domain), node.op_type) for node in nodes}


def _names(entries: Iterable[ValueInfoProto]) -> list[str]:
    return [entry.name for entry in entries]


def _by_onnxsim(model: ModelProto) -> ModelProto:
    return _onnxsim(model, skipped_optimizers=UNWANTED_FUSIONS)


def _folded_by_onnxsim(model: ModelProto) -> ModelProto:
    return _onnxsim(model, perform_optimization=False)


def _onnxsim(model: ModelProto, **wanted: object) -> ModelProto:
    import onnxsim

    known = inspect.signature(onnxsim.simplify).parameters
    options = {"tensor_size_threshold": FOLD_THRESHOLD, "certify": False, **wanted}  # "certify" is new in 0.8
    result, _ = onnxsim.simplify(model, **{name: value for name, value in options.items() if name in known})
    return result


def _by_onnxslim(model: ModelProto) -> ModelProto:
    import onnxslim

    copy = ModelProto()
    copy.CopyFrom(model)
    result = onnxslim.slim(copy)
    if not isinstance(result, ModelProto):
        raise TypeError("no model came back")
    return result


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Native libraries write warnings to file descriptors 1 and 2; standard output belongs to the caller's data."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    saved: list[tuple[int, int]] = []
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed: nothing to protect
                saved.append((descriptor, os.dup(descriptor)))
                os.dup2(sink, descriptor)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(sink)
