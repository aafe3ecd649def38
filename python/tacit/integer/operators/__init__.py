"""The integer operators, by families; `OPERATORS` has every one by its name."""

from tacit.integer.graph import OPERATORS
from tacit.integer.operators.activation import RoundClip, RoundLeaky, RoundRelu, Within
from tacit.integer.operators.arithmetic import Added, Offset, Times
from tacit.integer.operators.convolution import Windows, WindowSum
from tacit.integer.operators.layout import Cut, Expand, Join, Permute, Reshape, Spread, View
from tacit.integer.operators.linear import Contract, Take
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Commit, Round, RoundDivide
from tacit.integer.operators.saturation import Saturate
from tacit.integer.operators.selection import ArgMaxLast, AtLeast, OneHotMaxLast
from tacit.integer.operators.tables import RoundLine, RoundTable

__all__ = [
    "OPERATORS",
    "Added",
    "ArgMaxLast",
    "AtLeast",
    "Commit",
    "Contract",
    "Cut",
    "Expand",
    "Join",
    "Offset",
    "OneHotMaxLast",
    "Permute",
    "Reshape",
    "Round",
    "RoundClip",
    "RoundDivide",
    "RoundLeaky",
    "RoundLine",
    "RoundMax",
    "RoundRelu",
    "RoundTable",
    "Saturate",
    "SoftmaxLast",
    "Spread",
    "Take",
    "Times",
    "Total",
    "View",
    "WindowSum",
    "Windows",
    "Within",
]
