"""The operators that are imported, by family, from the registry; what is to be known of each stands here.

An operator without a line here, or a line without an operator, is an error: the page names every one, and no other.
"""

from __future__ import annotations

from collections.abc import Callable

from reference_blocks.tables import table

#: Family -> operators, and what is taken of them. Names that share a line stand together; "constant" is explained on the page.
FAMILIES: dict[str, dict[str, str]] = {
    "Dense layers": {
        "Gemm, MatMul": "of two computed tensors or with a constant; `transA`, `transB`, `alpha`, `beta`; leading axes are "
        "broadcast",
    },
    "Convolution": {
        "Conv": "1-D and 2-D, groups, depthwise, strides, dilations, pads, `auto_pad`; the kernel is a constant",
    },
    "Pooling": {
        "AveragePool, GlobalAveragePool": "1-D and 2-D, strides, pads, `auto_pad`, `count_include_pad`; not `ceil_mode` "
        "together with `count_include_pad`",
        "MaxPool, GlobalMaxPool": "1-D and 2-D, strides, pads, `auto_pad`, `ceil_mode`; the values, not their indices",
    },
    "Activation": {
        "Relu": "any shape",
        "LeakyRelu": "the slope, an attribute, is public",
        "PRelu": "slopes are constants",
        "Sigmoid, Tanh, Erf, HardSigmoid, HardSwish": "by tables, some with linear interpolation between rows",
        "Gelu": "by a table; chains of operators that spell it are recognised",
        "Clip": "either bound may be missing; constants, and public",
        "Softmax": "one axis; before opset 13 the axes from `axis` on",
    },
    "Arithmetic": {
        "Abs, Neg": "any shape",
        "Add, Sub, Mul, Sum, Mean": "broadcast; of two computed tensors or with a constant",
        "Div": "by a constant",
        "Pow": "constant whole exponents",
        "Max, Min": "of any number of tensors, constants among them",
    },
    "Selection": {
        "And, Or, Xor, Not": "on values 0 and 1",
        "Greater, GreaterOrEqual, Less, LessOrEqual": "with a constant, or of two computed tensors",
        "ArgMax, ArgMin": "one axis; the first of equal entries, or the last with `select_last_index`",
        "Gather": "constant indices",
    },
    "Reduction": {
        "ReduceMean, ReduceSum, ReduceSumSquare": "any axes, with and without `keepdims`",
    },
    "Normalisation": {
        "BatchNormalization": "folded into a factor and an addend for each channel",
        "LpNormalization": "p = 1 over the last axis, of values that sum to 1",
    },
    "Layout": {
        "Cast": "where it keeps every value; one that rounds or wraps is refused",
        "Concat, Split, Flatten, Reshape, Transpose, Squeeze, Unsqueeze, Expand": "parameters are constants",
        "Identity, Dropout": "pass their input on",
        "Slice": "any steps; parameters are constants",
        "Pad": "in the modes constant, reflect, edge and wrap; parameters are constants",
    },
    "scikit-learn's own (domain ai.onnx.ml)": {
        "ArrayFeatureExtractor": "columns, by constant indices",
        "FeatureVectorizer": "inputs side by side",
        "Imputer": "as scikit-learn exports it: it replaces NaN, and inputs that are numbers have none",
        "LinearClassifier, LinearRegressor": "scores and probabilities; labels that count from 0 are the ArgMax of the scores",
        "Normalizer": "the L1 norm of probabilities, which is 1",
        "Scaler": "one offset and factor a feature, or one for all",
    },
}


def blocks() -> dict[str, Callable[[], str]]:
    return {"operators": _tables}


def _tables() -> str:
    import tacit.importers  # fills the registry
    from tacit.importers.onnx.registry import IMPORTERS

    del tacit
    imported = {name for _, name in IMPORTERS}
    listed = [name for family in FAMILIES.values() for names in family for name in names.split(", ")]
    if missing := sorted(imported - set(listed)):
        raise ValueError(f"reference_blocks/operators.py says nothing of {', '.join(missing)}")
    if extra := sorted(set(listed) - imported):
        raise ValueError(f"reference_blocks/operators.py has a line for what is not imported: {', '.join(extra)}")
    heads = ("operator", "what is taken")
    return "\n\n".join(f"### {title}\n\n{table(heads, family.items())}" for title, family in FAMILIES.items())
