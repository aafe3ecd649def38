"""The registry of importers: the ONNX operators that can be translated to canonical ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tacit.errors import ModelError

if TYPE_CHECKING:
    from tacit.importers.onnx.builder import Builder
    from tacit.importers.onnx.calls import Call

Importer = Callable[["Builder", "Call"], "str | Sequence[str]"]

IMPORTERS: dict[tuple[str, str], Importer] = {}


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


def unsupported(operator: str, place: str, why: str, remedy: str = "") -> ModelError:
    """The error for a use of an operator that has no canonical form."""
    return ModelError(f"{operator}: {why}", slug="unsupported_operator", place=place, remedy=remedy)
