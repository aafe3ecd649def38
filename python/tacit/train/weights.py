"""The promise of training, held against the model: what moves are exactly its weights, each by itself.

Looked at when all is done, so that nothing before can break it: every weight that the scores depend on in the model as it is
must be one parameter of the network, all its numbers in some order, perhaps negated. Otherwise a step would be no step of the
model: a part of the gradient would be missing, or the gradient one of something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import NoReturn

from tacit.errors import ModelError
from tacit.graph.nodes import Graph, Node
from tacit.graph.provenance import Provenance
from tacit.words import some

STORE = "store the result as a weight of its own, and factors (alpha, beta) within the weights that they multiply, or freeze: {}"


def named(graph: Graph) -> Mapping[str, str]:
    """The model's own names of constants, and of the weights that it has beside them."""
    found = graph.provenance
    if found is None:
        return {}
    stored = {name: name for names in found.needed.values() for name in names}
    return {**stored, **{name: given.of for name, given in found.given.items()}}


def fixed_numbers(graph: Graph, output: str, nodes: Sequence[Node]) -> set[str]:
    """Parameters of the nodes before this output that training leaves as they are: they depend on no weight that it is to move.

    Raises ModelError (slug weights) where a weight is not one parameter by itself.
    """
    found = graph.provenance
    if found is None:
        return set()
    factors, parameters = _roles(graph, nodes)
    reached = dict[str, dict[str, None]]()
    for name in factors:
        own = _own(graph, found, name, factor=True)
        if own is not None:
            _check_number(found, own)
            reached.setdefault(own, {})[name] = None
    _check_constants(found, nodes, graph)
    for name in parameters:
        own = _own(graph, found, name, factor=False)
        if own is not None:
            _check_kind(found, own, output)
            reached.setdefault(own, {})[name] = None
    needed = found.needed[output] - found.stays
    for name in sorted(found.read & needed):
        _check_number(found, name)
        reached.setdefault(name, {})["an attribute"] = None
    for own, places in reached.items():
        if len(places) > 1 and not places.keys() <= factors.keys() | {"an attribute"}:
            _refuse(
                f"it is used in several places: {', '.join(places)}",
                own,
                "give each place its own weight, or freeze it",
            )
    for name in sorted(needed - reached.keys()):
        _refuse(
            "the scores depend on it, and no parameter that is trained is this weight by itself",
            name,
            STORE.format(name),
        )
    return {name for name in parameters if not found.made_of[name]}


def _roles(graph: Graph, nodes: Sequence[Node]) -> tuple[dict[str, None], dict[str, None]]:
    """Constants that nodes read as public factors, and those that they read as parameters."""
    factors, parameters = dict[str, None](), dict[str, None]()
    for node in nodes:
        for name in node.inputs:
            if name in graph.constants:
                factor = node.operator.shown.one_number and prod(graph.shapes[name]) == 1
                (factors if factor else parameters)[name] = None
    for name in factors.keys() & parameters.keys():
        _refuse("it is a factor in one place and something else in another", name, "give each place its own number")
    return factors, parameters


def _own(graph: Graph, found: Provenance, name: str, factor: bool) -> str | None:
    """The weight that a constant is by itself; None where it depends on none that moves."""
    made_of, given = found.made_of[name], found.given.get(name)
    if not made_of:
        return None
    own = given.of if given is not None else found.shown.get(name) if factor else None
    if own is None or made_of != {own}:
        _computed(graph, name, made_of)
    return own


def _computed(graph: Graph, name: str, made_of: frozenset[str]) -> NoReturn:
    """Of a constant that is no weight of the model by itself: by the nodes of the file, where it has them."""
    from tacit.importers.onnx.behind import behind  # here: who verifies a deployment needs no ONNX

    found = behind(graph, name)
    # The file behind a module is exported for comparison alone, and calls some of its parameters otherwise.
    exported = graph.provenance is not None and graph.provenance.declared
    weights = some(sorted(made_of) if exported or not found.weights else found.weights)
    remedy = STORE.format(weights)
    if "BatchNormalization" in found.operators:
        remedy = (
            "training has no normalisation: leave it out, and give columns a center and a scale; or fold a fitted one into the "
            "weights of the layer before it"
        )
    _refuse(
        f"what it reads is computed of {weights} of the model, and trained it would not be the model that was given",
        f"node {', '.join(found.nodes)}" if found.nodes and not exported else name,
        remedy,
    )


def _check_number(found: Provenance, name: str) -> None:
    """A file's factor of one number is the architecture's; a module says itself that it is to be trained."""
    if found.declared:
        _refuse(
            "a factor of one number is public and is not trained",
            name,
            "call requires_grad_(False) of it, or take it into the weights of a layer",
        )


def _check_constants(found: Provenance, nodes: Sequence[Node], graph: Graph) -> None:
    """A single number in a Constant node that a layer reads as its weight would stay without a word."""
    for node in nodes:
        for name in node.inputs:
            given = found.given.get(name)
            if given is None or given.of not in found.numbers or found.declared or node.operator.shown.one_number:
                continue
            if node.op in ("Add", "Sub") and prod(graph.shapes[node.outputs[0]]) > 1:
                continue  # one number beside several: x + 1
            _refuse(
                "it is one number in a Constant node, which is the architecture's, and is read as a weight",
                given.of,
                "store it as an initializer for it to be trained, or freeze it",
            )


def _check_kind(found: Provenance, own: str, output: str) -> None:
    """The file's weights are its real numbers (`needed`): whole numbers and truths that are cast have no gradient."""
    if own not in found.needed[output]:
        _refuse(
            "it is stored in whole numbers or truths, which no step moves",
            own,
            "store it in real numbers for it to be trained, or freeze it",
        )


def _refuse(reason: str, place: str, remedy: str) -> NoReturn:
    raise ModelError(reason, slug="weights", place=place, remedy=remedy)
