"""Two registries: the canonical operators, and the ONNX operators that can be translated to them.

An operator is one small unit: a shape rule, a float rule and a kind rule (``@canonical``), and beside it the importers
of the ONNX operators that become it (``@onnx_operator``). To add one, write both in a module of
:mod:`tacit.importers.onnx.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit.errors import ModelError

if TYPE_CHECKING:
    from tacit.importers.onnx.builder import Builder, Call

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Attrs = Mapping[str, Any]
ShapeRule = Callable[[Attrs, Sequence[Shape]], Shape]
FloatRule = Callable[[Attrs, Sequence[Array]], Array]
KindRule = Callable[[Sequence[str]], str]
Importer = Callable[["Builder", "Call"], "str | Sequence[str]"]


def kind_same(kinds: Sequence[str]) -> str:
    """Moving values does not change what they are; a mixture of kinds is the wider one."""
    return max(kinds, key=("bool", "int", "float").index)


def kind_arithmetic(kinds: Sequence[str]) -> str:
    """Sums and products of bools are integers; anything with a float is a float."""
    return "float" if "float" in kinds else "int"


def kind_float(kinds: Sequence[str]) -> str:
    return "float"


@dataclass(frozen=True)
class Operator:
    """A canonical operator with one output.

    ``shape(attrs, input_shapes)`` raises ``ValueError`` with a sentence when the inputs do not fit.
    ``evaluate(attrs, inputs)`` is the meaning, in float64. ``elementwise``: entry i of the output depends only on
    entries i of the (broadcast) inputs.
    """

    name: str
    shape: ShapeRule
    evaluate: FloatRule
    kind: KindRule = kind_same
    elementwise: bool = False
    doc: str = ""


CANONICAL: dict[str, Operator] = {}
IMPORTERS: dict[tuple[str, str], Importer] = {}


def canonical(
    name: str, shape: ShapeRule, *, kind: KindRule = kind_same, elementwise: bool = False
) -> Callable[[FloatRule], FloatRule]:
    """Register the decorated float rule as the canonical operator ``name``; its docstring documents the attributes."""

    def register(rule: FloatRule) -> FloatRule:
        assert name not in CANONICAL, name
        CANONICAL[name] = Operator(name, shape, rule, kind, elementwise, (rule.__doc__ or "").strip())
        return rule

    return register


def onnx_operator(*names: str, domain: str = "") -> Callable[[Importer], Importer]:
    """Register the decorated function as importer of ONNX operators; it returns the outputs' canonical tensors."""

    def register(rule: Importer) -> Importer:
        for name in names:
            assert (domain, name) not in IMPORTERS, name
            IMPORTERS[(domain, name)] = rule
        return rule

    return register


def supported_operators() -> list[str]:
    """Names of the ONNX operators with an importer, as ``Name`` or ``domain.Name``, sorted."""
    return sorted(operator_name(domain, name) for domain, name in IMPORTERS)


def operator_name(domain: str, op: str) -> str:
    """``Name`` of ONNX's own operators, ``domain.Name`` of others."""
    return f"{domain}.{op}" if domain else op


def unsupported(operator: str, place: str, why: str, hint: str = "") -> ModelError:
    """The error for a use of an operator that has no canonical form."""
    return ModelError(f"{operator}: {why}", slug="unsupported_operator", place=place, hint=hint)
