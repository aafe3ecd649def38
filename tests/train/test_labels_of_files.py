"""Files that name classes: in another order than the schema's they are refused, wherever the names stand."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile

ML = "ai.onnx.ml"
node = helper.make_node
DRAWN = np.random.default_rng(0)
STORED = {"w": DRAWN.normal(size=(3, 3)).astype(np.float32), "b": DRAWN.normal(size=3).astype(np.float32)}
PROBABILITIES = helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", 3])
CHOSEN = node("ArgMax", ["p"], ["k"], axis=1, keepdims=0)
COLUMNS = [Column.number(f"x{i}", -2, 2, center=0, scale=1) for i in range(3)]


def file(nodes: list[NodeProto], outputs: list[Any], **stored: Any) -> ModelProto:
    scores = [node("Gemm", ["in", "w", "b"], ["z"]), node("Softmax", ["z"], ["p"], axis=1)]
    first = helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 3])
    tensors = [numpy_helper.from_array(values, name) for name, values in {**STORED, **stored}.items()]
    graph = helper.make_graph([*scores, *nodes], "g", [first], outputs, tensors)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(ML, 3)], ir_version=8
    )


def labelled(kind: str, names: str) -> ModelProto:
    """Classes of one letter."""
    texts = [name.encode() for name in names]
    label = helper.make_tensor_value_info("label", TensorProto.STRING, None)
    if kind == "maps":
        inner = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        out = helper.make_value_info("out", helper.make_sequence_type_proto(inner))
        return file([node("ZipMap", ["p"], ["out"], domain=ML, classlabels_strings=list(names))], [out])
    if kind in ("encoder", "turned encoder"):
        keys = [0, 1, 2] if kind == "encoder" else [2, 1, 0]
        values = list(names) if kind == "encoder" else list(names[::-1])
        last = node("LabelEncoder", ["k"], ["label"], domain=ML, keys_int64s=keys, values_strings=values)
        return file([CHOSEN, last], [PROBABILITIES, label])
    pick = {"domain": ML} if kind.startswith("extractor") else {}
    last = node("ArrayFeatureExtractor" if pick else "Gather", ["names", "k"], ["label"], **pick)
    if kind.endswith("constant"):
        held = node("Constant", [], ["names"], value=helper.make_tensor("names", TensorProto.STRING, [3], texts))
        return file([CHOSEN, held, last], [PROBABILITIES, label])
    return file([CHOSEN, last], [PROBABILITIES, label], names=np.array(texts, object))


def compiled(model: Any, names: Any) -> Deployment:
    schema = Schema(COLUMNS, Label.classes("y", list(names)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(0.25, 4, 1, order="committed")
        return compile(model, schema=schema, optimizer=optimizer, records=4, evaluate=0)


KINDS = ["maps", "encoder", "turned encoder", "extractor", "extractor of a constant", "gather", "gather of a constant"]


@pytest.mark.parametrize("kind", KINDS)
def test_names_wherever_they_stand(kind: str, tmp_path: Path) -> None:
    model = labelled(kind, "cba")
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    for given in (model, path):
        with pytest.raises(ModelError, match="c, b, a") as caught:
            compiled(given, "abc")
        assert caught.value.slug == "outputs"
    assert compiled(model, "cba").description.plan.network.parameters == ("w", "b")


def test_numbers_that_labels_are_picked_from() -> None:
    last = node("ArrayFeatureExtractor", ["names", "k"], ["label"], domain=ML)
    model = file([CHOSEN, last], [PROBABILITIES], names=np.array([0, 1, 2], np.float32))
    with pytest.raises(ModelError, match="0, 1, 2"):
        compiled(model, ["2", "1", "0"])
    compiled(model, "abc")


def test_texts_of_another_number_are_none() -> None:
    model = file([], [PROBABILITIES], units=np.array([b"um", b"kg"], object))
    compiled(model, "abc")
