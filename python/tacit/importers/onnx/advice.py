"""What to do about an operator that is not supported: the nearest spelling that is, or that there is none."""

from __future__ import annotations

import difflib

import onnx

from tacit.importers.onnx.constants import FOLDED
from tacit.importers.onnx.registry import IMPORTERS

_ACTIVATION = "Relu, LeakyRelu, PRelu, Gelu, HardSwish, HardSigmoid, Sigmoid and Tanh are supported"
_NORMALISATION = (
    "division by computed statistics is not supported yet. For predictions BatchNormalization is, whose statistics are "
    "constants; a model that is trained has no normalisation: leave it out, and give columns a center and a scale"
)
_RECURRENT = "recurrent layers are not supported yet; convolutions and attention in MatMul and Softmax are"
_CONTROL = "branches and loops are not supported: export with fixed shapes and a fixed number of steps"
_ATTENTION = "spell it in MatMul, Mul, Add and Softmax: most exporters do, for an operator set below 23"
_QUANTISED = "give the float model: tacit quantises by itself"
_INDICES = "computed indices are not supported; Gather with constant ones is"
_ROUNDING = "rounding is not supported: leave it to whoever reads the outputs"
_ANGLES = "angles of computed values have no spelling yet; those of constants are folded"
_LOGARITHM = "logarithms are not supported yet: let the model end with Softmax, or before it"
_RANDOM = "a proof is about fixed numbers: draw them outside of the model and give them as an input"
_FEATURES = "prepare the features outside of the model, as numbers"
_TREES = "trees are not supported yet; linear models and networks are"
_KERNELS = "kernel machines are not supported yet; linear models and networks are"
_BOXES = "let the model end before it, and select outside"

#: Sentence -> operators, by name.
_SENTENCES = {
    _ACTIVATION: "Celu Elu Mish Selu Shrink Softplus Softsign ThresholdedRelu",
    _NORMALISATION: "GroupNormalization InstanceNormalization LRN LayerNormalization MeanVarianceNormalization RMSNormalization",
    _RECURRENT: "GRU LSTM RNN",
    _CONTROL: "If Loop Scan",
    _ATTENTION: "Attention RotaryEmbedding",
    _QUANTISED: "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear",
    _INDICES: "Compress GatherElements GatherND NonZero OneHot Scatter ScatterElements ScatterND Unique",
    _ROUNDING: "Ceil Floor Mod Round",
    _ANGLES: "Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan",
    _LOGARITHM: "Log LogSoftmax ReduceLogSum ReduceLogSumExp",
    _RANDOM: "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
    _FEATURES: "StringNormalizer TfIdfVectorizer ai.onnx.ml.CategoryMapper ai.onnx.ml.DictVectorizer ai.onnx.ml.LabelEncoder "
    "ai.onnx.ml.OneHotEncoder",
    _TREES: "ai.onnx.ml.TreeEnsemble ai.onnx.ml.TreeEnsembleClassifier ai.onnx.ml.TreeEnsembleRegressor",
    _KERNELS: "ai.onnx.ml.SVMClassifier ai.onnx.ml.SVMRegressor",
    _BOXES: "NonMaxSuppression RoiAlign",
    "powers of e have no spelling by themselves yet; Softmax, Sigmoid and Tanh are supported": "Exp",
    "roots of computed values are not supported yet; ReduceSumSquare gives a norm's square": "ReduceL2 Sqrt",
    "division is supported by constants only": "Reciprocal",
    "a product (MatMul) with a constant triangular matrix of ones is the same": "CumSum",
    "a product (Mul) with a constant mask is the same": "Trilu",
    "Concat of the tensor with itself is the same": "Tile",
    "Reshape, Transpose and Reshape are the same": "DepthToSpace SpaceToDepth",
    "Transpose, Reshape and MatMul say the same": "Einsum",
    "Abs and ReduceSum are the same": "ReduceL1",
    "ArgMax gives the place of the greatest entry, ArgMin that of the least": "Hardmax TopK",
    "Max or Min of slices is the same, and GlobalMaxPool over all of an image": "ReduceMax ReduceMin",
    "And of GreaterOrEqual and LessOrEqual is the same": "Equal",
    "the condition c as a number (Cast) chooses as well: c * a + (1 - c) * b": "Where",
    "Greater and Less than 0, cast to numbers (Cast), and their difference (Sub) are the same": "Sign",
    "Greater and Cast are the same": "ai.onnx.ml.Binarizer",
    "nearest neighbours by a whole factor are Unsqueeze, Expand and Reshape; other modes have no spelling yet": "Resize Upsample",
    "a Conv of the tensor that was enlarged with zeros (Reshape, Pad) is the same": "ConvTranspose",
}
ADVICE = {name: sentence for sentence, names in _SENTENCES.items() for name in names.split()}


def advice(domain: str, op: str) -> str:
    """A sentence on this operator, without its name."""
    if domain == "com.microsoft":
        if any(word in op for word in ("Quant", "QLinear", "QGemm", "QAttention", "Integer", "NBits", "Bnb4")):
            return _QUANTISED
        return (
            "an operator of onnxruntime's own: export without optimisation and fusion, or give the model from before it"
        )
    name = f"{domain}.{op}" if domain else op
    if name in ADVICE:
        return ADVICE[name]
    if (domain, op) in FOLDED:
        return "supported of constants only: export with fixed shapes and parameters"
    if onnx.defs.has(op, domain):
        return "no supported operator is near to it yet: compute it outside of the model"
    if domain:
        same = ("", op) in IMPORTERS
        return (
            f"no operator of ONNX; {f'its own {op} is supported' if same else 'spell it in those, as a local function'}"
        )
    near = difflib.get_close_matches(op, [other for space, other in IMPORTERS if not space], 1)
    return "no operator of ONNX" + (f": is {near[0]} meant?" if near else "")
