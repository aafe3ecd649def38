"""Whether a network means what its model does: the same numbers, whatever its weights are, and each record by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tacit.compiler.pipeline import faithful
from tacit.errors import ModelError
from tacit.graph.nodes import Array
from tacit.train import floats
from tacit.train.network import Network

#: Records that are drawn.
RECORDS = 3


def check_meaning(network: Network) -> None:
    """The imported graph gives what the original gives, and no record's scores depend on another record.

    Raises ModelError (slugs import, batch).
    """
    graph, rng = network.graph, np.random.default_rng(0)
    x = rng.normal(size=(RECORDS, *graph.shapes[network.input][1:]))
    alike = faithful(graph, {network.input: x})
    if not alike or not _same_function(network, x):
        raise ModelError(
            f"{'with other weights ' if alike else ''}its numbers here are not those of the original model in onnxruntime",
            slug="import",
            place=graph.name,
            remedy="write it by simpler operators, and report the model: this is a fault of the import",
        )
    # Other weights than its own, which may be 0.
    weights = {name: rng.normal(size=graph.shapes[name]) * 0.5 for name in network.parameters}
    if not _apart(network, weights, x):
        raise ModelError(
            "expected a network that treats every record by itself, got one that moves or joins the records' axis",
            slug="batch",
            place=graph.name,
            remedy="keep the records on the first axis of every tensor",
        )


def _same_function(network: Network, x: Array) -> bool:
    """Whether scores depend on the weights that move as the model's do: the gradient is then the same.

    They are drawn anew in the model as it was given. Its own values may hide what was lost: a factor may be 1, a bias 0.
    """
    graph, found = network.graph, network.graph.provenance
    if found is None:
        return True
    rng = np.random.default_rng(1)
    moving = [name for name in network.parameters if name not in network.frozen]
    drawn = {}
    for name in moving:
        own = graph.constants[name]
        near = float(np.sqrt((own**2).mean())) or 0.3
        drawn[found.given[name].of] = rng.normal(size=own.size) * near
    try:
        other = found.again(drawn)
    except ModelError:
        return False
    if other.nodes != graph.nodes[: len(other.nodes)]:  # views of scores stand behind (`ends`)
        return False
    constants = {**graph.constants, **{name: other.constants[name] for name in moving}}
    return faithful(replace(graph, constants=constants, origin=other.origin), {network.input: x})


def _apart(network: Network, weights: dict[str, Array], x: Array) -> bool:
    """Whether the scores of records together are those of each alone."""

    def scores(records: Array) -> Array:
        return floats.scores(network, weights, records)[network.scores]

    try:
        together, alone = scores(x), [scores(x[i : i + 1]) for i in range(len(x))]
    except ValueError:  # shapes that do not fit: no function of n records
        return False
    parts = np.concatenate(alone)
    return together.shape == parts.shape and np.allclose(together, parts)
