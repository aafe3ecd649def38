"""Two small networks, trained here and now on data that scikit-learn ships; everything is seeded.

Both functions return ONNX bytes and standardised or scaled float32 samples, and leave proving to others.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import MissingDependency

Floats = npt.NDArray[np.float32]
OPSET = 17


@dataclass(frozen=True)
class Trained:
    """A trained network with the data to calibrate and to try it.

    `onnx` is the model, input `x` and one output. `calibration` and `unseen` are float32 samples, first axis the
    sample; `labels` are those of `unseen`. `accuracy` is on `unseen`, of the float model.
    """

    name: str
    onnx: bytes
    calibration: Floats
    unseen: Floats
    labels: npt.NDArray[np.int64]
    accuracy: float
    parameters: int


def clinic(seed: int = 0) -> Trained:
    """A 30-64-32-1 network that tells malignant from benign breast tumours; output `malignant`, a probability.

    569 patients of the Wisconsin data set, 30 measurements each, standardised; a fifth is kept unseen.
    """
    classifier, parts = _fit_clinic(seed)
    train, unseen, labels = parts
    return Trained(
        name="breast cancer MLP 30-64-32-1",
        onnx=_probability_of_one(classifier),
        calibration=train,
        unseen=unseen,
        labels=labels,
        accuracy=float(classifier.score(unseen, labels)),
        parameters=sum(array.size for array in (*classifier.coefs_, *classifier.intercepts_)),
    )


def _fit_clinic(seed: int) -> tuple[Any, tuple[Floats, Floats, npt.NDArray[np.int64]]]:
    try:
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        raise _needs_sklearn() from None
    data = load_breast_cancer()
    malignant = (data.target == 0).astype(np.int64)
    train, unseen, train_labels, labels = train_test_split(
        data.data, malignant, test_size=0.2, random_state=7, stratify=malignant
    )
    mean, scale = train.mean(axis=0), train.std(axis=0)
    train = ((train - mean) / scale).astype(np.float32)
    unseen = ((unseen - mean) / scale).astype(np.float32)
    classifier = MLPClassifier((64, 32), alpha=0.01, max_iter=400, random_state=seed)
    _fit(classifier, train, train_labels)
    return classifier, (train, unseen, labels)


def _probability_of_one(classifier: Any) -> bytes:
    """skl2onnx's export up to its sigmoid: the probability of class 1, in place of labels and both probabilities."""
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError:
        raise _needs_sklearn() from None
    from onnx import TensorProto, helper

    model = to_onnx(
        classifier,
        initial_types=[("x", FloatTensorType([None, classifier.n_features_in_]))],
        options={id(classifier): {"zipmap": False}},
        target_opset=OPSET,
    )
    graph = model.graph
    (sigmoid,) = (node for node in graph.node if node.op_type == "Sigmoid")
    graph.node.append(helper.make_node("Identity", sigmoid.output, ["malignant"], name="malignant"))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("malignant", TensorProto.FLOAT, [None, 1]))
    content: bytes = model.SerializeToString()
    return content


def digits(seed: int = 0, filters: int = 8, hidden: int = 32) -> Trained:
    """A convolutional network for handwritten digits of 8 x 8 grey values; output `scores`, one a digit.

    A convolution of random 3 x 3 filters, ReLU, 2 x 2 maxima, then a dense network trained on what they see.
    """
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        raise _needs_sklearn() from None
    data = load_digits()
    images = (data.images / 16.0).astype(np.float32)[:, None]
    train, unseen, train_labels, labels = train_test_split(
        images, data.target.astype(np.int64), test_size=0.2, random_state=7, stratify=data.target
    )
    kernels = np.random.default_rng(seed).normal(0, 1 / 3, (filters, 1, 3, 3)).astype(np.float32)
    head = MLPClassifier((hidden,), alpha=0.01, max_iter=200, random_state=seed)
    _fit(head, _seen(train, kernels), train_labels)
    return Trained(
        name=f"digits CNN 8x8, {filters} filters, {hidden} hidden",
        onnx=_convolutional(kernels, head),
        calibration=train,
        unseen=unseen,
        labels=labels,
        accuracy=float(head.score(_seen(unseen, kernels), labels)),
        parameters=kernels.size + sum(array.size for array in (*head.coefs_, *head.intercepts_)),
    )


def _fit(classifier: Any, features: Floats, labels: npt.NDArray[np.int64]) -> None:
    """Train; a network that could still improve a little is good enough here, and no reason for a warning."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(features, labels)


def _seen(images: Floats, kernels: Floats) -> Floats:
    """What the convolutional part gives, flattened: (n, 1, 8, 8) and (f, 1, 3, 3) to (n, f * 4 * 4)."""
    padded = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    maps = np.maximum(np.einsum("nhwij,fij->nfhw", windows, kernels[:, 0]), 0)
    count, depth, height, width = maps.shape
    pooled = maps.reshape(count, depth, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    flat: Floats = pooled.reshape(count, -1).astype(np.float32)
    return flat


def _convolutional(kernels: Floats, head: Any) -> bytes:
    """The whole network as ONNX: convolution, ReLU, maxima, then the head's layers up to its scores."""
    from onnx import TensorProto, helper, numpy_helper

    constants = [numpy_helper.from_array(kernels, "kernels")]
    nodes = [
        helper.make_node(
            "Conv", ["x", "kernels"], ["convolved"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1]
        ),
        helper.make_node("Relu", ["convolved"], ["active"]),
        helper.make_node("MaxPool", ["active"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["layer0"]),
    ]
    last = len(head.coefs_) - 1
    for index, (weight, bias) in enumerate(zip(head.coefs_, head.intercepts_, strict=True)):
        constants.append(numpy_helper.from_array(weight.astype(np.float32), f"weight{index}"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"bias{index}"))
        out = "scores" if index == last else f"dense{index}"
        nodes.append(helper.make_node("Gemm", [f"layer{index}", f"weight{index}", f"bias{index}"], [out]))
        if index != last:
            nodes.append(helper.make_node("Relu", [out], [f"layer{index + 1}"]))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def _needs_sklearn() -> MissingDependency:
    return MissingDependency(
        "scikit-learn and skl2onnx are not installed", place="demo", remedy="pip install 'tacit[sklearn]'"
    )
