"""ONNX nodes as calls: attributes as Python values, domains by one name, optional outputs that nothing needs left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import AttributeProto, ModelProto, NodeProto

from tacit.errors import ModelError
from tacit.importers.onnx.read import DOMAIN_ALIASES, node_name
from tacit.importers.onnx.registry import unsupported


@dataclass(frozen=True)
class Call:
    """One ONNX node to translate. ``version`` is the opset of its domain; an omitted optional input is ``""``."""

    name: str
    op: str
    domain: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"node {self.name} ({self.op})"

    def has(self, index: int) -> bool:
        """Whether the optional input ``index`` is given."""
        return index < len(self.inputs) and self.inputs[index] != ""

    def wants(self, index: int) -> bool:
        """Whether the optional output ``index`` is asked for."""
        return index < len(self.outputs) and self.outputs[index] != ""

    def error(self, why: str, remedy: str = "") -> ModelError:
        return unsupported(self.op, self.place, why, remedy)


def versions_of(model: ModelProto) -> dict[str, int]:
    """The version of every operator set that the model imports."""
    return {DOMAIN_ALIASES.get(entry.domain, entry.domain): entry.version for entry in model.opset_import}


def call_of(node: NodeProto, index: int, versions: Mapping[str, int], needed: set[str] | None = None) -> Call:
    """The node as a call; an output that nothing needs is ``""``, as if it had not been asked for."""
    domain = DOMAIN_ALIASES.get(node.domain, node.domain)
    return Call(
        name=node_name(node, index),
        op=node.op_type,
        domain=domain,
        version=versions.get(domain, 1),
        inputs=tuple(node.input),
        outputs=tuple(name if needed is None or name in needed else "" for name in node.output),
        attrs={attribute.name: _attribute(attribute) for attribute in node.attribute},
    )


def _attribute(attribute: AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
