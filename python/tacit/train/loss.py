"""Losses: each is, for a step, the error signal at the scores, d = dL/dscores times the batch, at fd fractional bits.

    cross_entropy   d = softmax(z) - y, y one-hot
    logistic        d = sigmoid(z) - y, y a bit a score
    mse             L = mean over records of 1/2 sum (z - y)^2:  d = z - y

Means over the batch are in the rate. `cross_entropy` and `logistic` are those of PyTorch's CrossEntropyLoss and
BCEWithLogitsLoss(reduction="sum") over the batch; `mse` is half of MSELoss(reduction="sum") over the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.graph.functions import sigmoid
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.tables import RoundTable
from tacit.train.pieces import Signal, joined
from tacit.train.tape import Tape

Array = npt.NDArray[Any]
#: Half the width of the sigmoid's table: beyond, it is 0 or 1 to within 2^-11.
FLAT = 16.0
#: Signed bits of a prediction, at fd.
PREDICTION_BITS = 20


@dataclass(frozen=True)
class Loss:
    """`predicted`: the prediction (t, b, targets) at fd; what comes back is prediction - y. `real`: the same in float64.

    `value`: the loss of predictions, summed over records.
    `end`: the operator of models that makes its predictions of scores; none where they are the scores.
    """

    name: str
    predicted: Callable[[Tape, Signal], Signal]
    real: Callable[[Array], Array]
    value: Callable[[Array, Array], float]
    end: str

    @property
    def classes(self) -> bool:
        """Whether y is one-hot, or bits."""
        return bool(self.end)


def _softmax(tape: Tape, z: Signal) -> Signal:
    scales = tape.scales
    z = joined(tape, tape.rounded(z, scales.activations, scales.logit_bits, "scores.rounded"), "scores")
    return tape.emit(SoftmaxLast(scales.activations, scales.logit_bits, scales.errors), [z], "prediction")


def _sigmoid(tape: Tape, z: Signal) -> Signal:
    frac, out = tape.scales.activations, tape.scales.errors
    half = int(FLAT * 2**frac)
    z = joined(tape, tape.at_least(z, frac, "scores"), "scores")
    rows = np.floor(sigmoid(np.arange(-half, half) * 2.0**-frac) * 2.0**out + 0.5)
    table = RoundTable(tape.shift(z, frac, "scores"), -half, tuple(int(v) for v in rows), frac, out, "sigmoid")
    return tape.emit(table, [z], "prediction")


def _identity(tape: Tape, z: Signal) -> Signal:
    return joined(tape, tape.rounded(z, tape.scales.errors, PREDICTION_BITS, "prediction"), "prediction")


def _real_softmax(z: Array) -> Array:
    e = np.exp(z - z.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def _entropy(p: Array, y: Array) -> float:
    return float(-np.log(np.maximum((p * y).sum(-1), 1e-12)).sum())


def _bits(p: Array, y: Array) -> float:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum())


def _half_square(p: Array, y: Array) -> float:
    return float(0.5 * ((p - y) ** 2).sum())


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("cross_entropy", _softmax, _real_softmax, _entropy, "Softmax"),
        Loss("logistic", _sigmoid, sigmoid, _bits, "Sigmoid"),
        Loss("mse", _identity, lambda z: z, _half_square, ""),
    )
}
