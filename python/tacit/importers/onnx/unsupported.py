"""Nodes that cannot be translated: all of a model's in one error, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import GraphProto, ModelProto, NodeProto

from tacit.errors import ModelError
from tacit.importers.onnx.advice import advice
from tacit.importers.onnx.constants import FOLDED
from tacit.importers.onnx.read import DOMAIN_ALIASES, all_parts, needed_tensors, node_name, subgraphs
from tacit.importers.onnx.registry import IMPORTERS, operator_name

#: In the sentence; `details` has them all.
MOST_NAMED_NODES = 3
MOST_NAMED_OPERATORS = 12
MOST_LETTERS = 64


@dataclass(frozen=True)
class Finding:
    """A node of an operator that is not supported, or, with ``why``, of one that is not in this form.

    ``outputs``: the graph's tensors that are missing for it.
    """

    domain: str
    op: str
    node: str
    why: str = ""
    remedy: str = ""
    outputs: frozenset[str] = frozenset()

    @property
    def operator(self) -> str:
        return operator_name(self.domain, self.op)

    @property
    def advice(self) -> str:
        return self.remedy if self.why else advice(self.domain, self.op)


def check_known(model: ModelProto) -> None:
    """Operators that ONNX itself does not know cannot be checked or simplified: all that is unsupported is named at once.

    Nodes of constants alone are not: the simplifier would have folded them.
    """
    if any(_unknown(node) for part in all_parts(model) for node in part.node):
        raise refusal(find_unsupported(model, folded=False))


def find_unsupported(model: ModelProto, *, folded: bool = True) -> list[Finding]:
    """The nodes whose operator has no importer, those of subgraphs too; the graph's nodes are in order.

    Left out is what no output needs, and what the importer folds; of a model that is not ``folded``, all of constants.
    """
    needed = needed_tensors(model)
    return [
        finding
        for finding in _scan(model.graph, set(), folded)
        if not finding.outputs or needed.intersection(finding.outputs) or not onnx.defs.has(finding.op, finding.domain)
    ]


def _scan(graph: GraphProto, constants: set[str], folded: bool, inner: bool = False) -> Iterator[Finding]:
    """In order. ``constants`` grows: names are unique in a model."""
    constants.update(tensor.name for tensor in graph.initializer)
    for index, node in enumerate(graph.node):
        key = _key(node)
        if key in (("", "Shape"), ("", "Size")):  # of every tensor: shapes are static
            constants.update(node.output)
            continue
        computable = key in FOLDED or not (folded or _unknown(node) or subgraphs(node))
        if computable and all(name == "" or name in constants for name in node.input):
            constants.update(node.output)
            continue
        if key not in IMPORTERS:
            outputs = () if inner else (name for name in node.output if name)
            yield Finding(*key, node_name(node, index), outputs=frozenset(outputs))
        for subgraph in subgraphs(node):
            yield from _scan(subgraph, constants, folded, inner=True)


def _key(node: NodeProto) -> tuple[str, str]:
    return DOMAIN_ALIASES.get(node.domain, node.domain), node.op_type


def _unknown(node: NodeProto) -> bool:
    domain, op = _key(node)
    return not onnx.defs.has(op, domain)


def refusal(findings: list[Finding]) -> ModelError:
    """One error for them all. ``details["unsupported"]``: operator, nodes, and why and advice where there are any."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.operator, finding.why), []).append(finding)
    place, reason = "model", _summary(groups)
    if len(findings) == 1:
        only = findings[0]
        place = f"node {only.node} ({only.op})"
        reason = f"{only.op}: {only.why}" if only.why else f"operator {only.operator} is not supported"
    return ModelError(
        reason,
        slug="unsupported_operator",
        place=place,
        remedy=_hint([group[0] for group in groups.values()]),
        details={"unsupported": [_entry(group) for group in groups.values()]},
    )


def _entry(group: list[Finding]) -> dict[str, Any]:
    first = group[0]
    entry = {"operator": first.operator, "nodes": [finding.node for finding in group]}
    return entry | {key: text for key, text in (("why", first.why), ("advice", first.advice)) if text}


def _summary(groups: Mapping[tuple[str, str], list[Finding]]) -> str:
    named = list(groups.items())[:MOST_NAMED_OPERATORS]
    parts = [f"{operator}{f', {why}' if why else ''} ({_nodes(group)})" for (operator, why), group in named]
    return f"not supported: {'; '.join(parts)}{_more(len(groups) - len(named))}"


def _nodes(group: list[Finding]) -> str:
    names = [_short(finding.node) for finding in group[:MOST_NAMED_NODES]]
    count = f"{len(group)} nodes:" if len(group) > 1 else "node"
    return f"{count} {', '.join(names)}{_more(len(group) - len(names))}"


def _hint(firsts: list[Finding]) -> str:
    """The advice, each sentence once; of a single operator without its name."""
    if len(firsts) == 1 and firsts[0].why:
        return firsts[0].advice
    sentences: dict[str, list[str]] = {}
    for finding in firsts[:MOST_NAMED_OPERATORS]:
        if finding.advice:
            sentences.setdefault(finding.advice, []).append(finding.operator)
    alone = len(firsts) == 1
    parts = [text if alone else f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in sentences.items()]
    return ". ".join([*parts, "docs/reference/operators.md lists what is taken"])


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[:MOST_LETTERS]}..."
