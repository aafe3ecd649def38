"""A deployment's public description: everything that its programs are made from, as canonical JSON. No weight is in it.

    {"tacit-training": 1, "name": .., "records": N, "features": [..], "interval": [lo, hi], "frac": fx, "targets": C,
     "label_interval": [lo, hi], "label_frac": .., "data": [[name, shape, lo, hi], ..],
     "network": {"name": .., "input": .., "shapes": {..}, "nodes": [[name, op, [inputs], output, {attributes}], ..], "scores": ..,
                 "numbers": {name: value}, "frozen": [..]},
     "loss": .., "batch": B, "chunks": [[steps, c], ..], "power": k, "momentum": .., "decay": .., "scales": {..},
     "base": .., "next": .., "order": .., "overflow": .., "infer": n, "evaluate": n,
     "digits": {"train": [limb, wide], "infer": [..], "evaluate": [..]}}

Whoever has it makes the programs again and compares digests (`Deployment.check`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tacit.data.limits import FRACS
from tacit.errors import InputError
from tacit.foreign_json import parse, said
from tacit.graph.nodes import Graph, Node
from tacit.graph.registry import CANONICAL, Operator
from tacit.program.builder import Settings
from tacit.train.emit import SETTINGS, Places, Slots
from tacit.train.loss import LOSSES
from tacit.train.network import Network
from tacit.train.optimizer import MOST_MOMENTUM
from tacit.train.step import Plan, Record
from tacit.train.tape import Scales

VERSION = 1
#: Bytes of a description, and steps of one proof, at most.
MOST_BYTES, MOST_STEPS = 1 << 20, 1 << 12
#: Parts that a description has at most: work goes with them. Operands: of all nodes together. Characters: of any name.
MOST_CHUNKS, MOST_NODES, MOST_OPERANDS, MOST_NAME = 1 << 10, 1 << 10, 1 << 12, 200
OVERFLOWS = ("total", "refuse")
#: Operands of those that have not one: least and most.
OPERANDS = {**dict.fromkeys(("MatMul", "Add", "Sub", "Mul", "Div"), (2, 2)), "Conv": (2, 3), "Concat": (1, 1 << 10)}
#: Numbers of an attribute, at most: two for each axis.
MOST_NUMBERS = 16
#: Least and most of what `Scales` has, for tables have a row a number.
BITS = {
    "inputs": (0, 24), "activations": (0, 12), "activation_bits": (3, 16), "errors": (0, 24), "error_bits": (3, 30),
    "weights": (0, 60),
}  # fmt: skip
#: Programs that have digits of their own, and what these are before they are chosen; bits of a digit at most.
KINDS = ("train", "infer", "evaluate")
Digits = tuple[Settings, Settings, Settings]
DIGITS: Digits = (SETTINGS, SETTINGS, SETTINGS)
MOST_DIGIT = 20


@dataclass(frozen=True)
class Description:
    """What programs are made from. `data`: the tensors of a shard of `records` records, x and y first."""

    name: str
    plan: Plan
    records: int
    data: Slots
    places: Places
    overflow: str = "total"
    infer: int = 1
    evaluate: int = 0
    digits: Digits = DIGITS

    def encode(self) -> bytes:
        """Its canonical bytes."""
        plan, record, graph = self.plan, self.plan.record, self.plan.network.graph
        found = {
            "tacit-training": VERSION,
            "name": self.name,
            "records": self.records,
            "features": list(record.features),
            "interval": list(record.interval),
            "frac": record.frac,
            "targets": record.targets,
            "label_interval": list(record.label_interval),
            "label_frac": record.label_frac,
            "data": [[name, list(shape), lo, hi] for name, shape, lo, hi in self.data],
            "network": _network(graph, plan.network),
            "loss": plan.loss.name,
            "batch": plan.batch,
            "chunks": [list(pair) for pair in zip(plan.chunks, plan.cs, strict=True)],
            "power": plan.power,
            "momentum": plan.momentum,
            "decay": plan.decay,
            "scales": asdict(plan.scales),
            **asdict(self.places),
            "overflow": self.overflow,
            "infer": self.infer,
            "evaluate": self.evaluate,
            "digits": {name: [s.limb, s.wide] for name, s in zip(KINDS, self.digits, strict=True)},
        }
        return json.dumps(found, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    def network(self) -> bytes:
        """Canonical bytes of what is trained, without its name: the same for deployments whose models mean the same."""
        found = _network(self.plan.network.graph, self.plan.network)
        return json.dumps({key: found[key] for key in found if key != "name"}, separators=(",", ":")).encode()


def _network(graph: Graph, network: Network) -> dict[str, Any]:
    used = dict.fromkeys(name for node in network.nodes for name in (*node.inputs, *node.outputs))
    numbers = {n: float(graph.constants[n].reshape(-1)[0]) for n in used if n in _numbers(network)}
    return {
        "name": graph.name,
        "input": network.input,
        "shapes": {name: [int(n) for n in graph.shapes[name]] for name in used},
        "nodes": [[node.name, node.op, list(node.inputs), node.outputs[0], _plain(node)] for node in network.nodes],
        "scores": network.scores,
        "numbers": numbers,
        "frozen": sorted(network.frozen),
    }


def _numbers(network: Network) -> set[str]:
    """Constants that are coefficients of the program, not weights."""
    return {name for node in network.nodes for name in node.inputs if name in network.coefficients}


def _plain(node: Node) -> dict[str, Any]:
    """Its attributes, in the operator's order."""
    values = {key: node.attrs[key] for key in node.operator.attributes}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def decode(data: bytes) -> Description:
    """The description of these bytes. Raises InputError (slug description) unless they are canonical and well formed."""
    if len(data) > MOST_BYTES:
        raise refused(f"expected at most {MOST_BYTES} bytes, got {len(data)}")
    try:
        found = parse(data)
        if not isinstance(found, dict) or found.get("tacit-training") != VERSION:
            raise refused(f"expected version {VERSION}")
        made = _read(found)
        same = made.encode() == data
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        raise refused(f"expected a well-formed description: {said(error)}") from None
    if not same:
        raise refused("expected its canonical bytes, got others of the same meaning")
    return made


def refused(reason: str) -> InputError:
    """A description that is none."""
    return InputError(reason, slug="description", place="deployment", remedy="take the file that was published")


def _read(found: Mapping[str, Any]) -> Description:
    _at_most("chunks", len(found["chunks"]), MOST_CHUNKS)
    chunks = [(_whole(steps, 1, 1 << 12), _whole(c, 1, 1 << 16)) for steps, c in found["chunks"]]
    lo, hi = found["interval"]
    label_lo, label_hi = found["label_interval"]
    record = Record(
        _shape(found["features"]),
        (_whole(lo), _whole(hi)),
        _whole(found["frac"], *FRACS),
        _whole(found["targets"], 1, 1 << 16),
        (_whole(label_lo), _whole(label_hi)),
        _whole(found["label_frac"], *FRACS),
    )
    scales = Scales(**{name: _whole(n, *BITS[name]) for name, n in found["scales"].items()})
    if scales.inputs != Scales().inputs:  # nothing reads it
        raise ValueError(f"expected {Scales().inputs} bits of inputs, got {scales.inputs}")
    plan = Plan(
        _graph(found["network"]),
        record,
        LOSSES[found["loss"]],
        scales,
        _whole(found["batch"], 1, 1 << 24),
        tuple(c for _, c in chunks),
        _whole(found["power"], 0, 60),
        tuple(steps for steps, _ in chunks),
        _share(found["momentum"]),
        _share(found["decay"]),
    )
    places = Places(found["base"], found["next"], found["order"])
    if {places.base, places.next} - {"public", "private"} or places.order not in ("permutation", "committed", "all"):
        raise ValueError("unknown places")
    if found["overflow"] not in OVERFLOWS:
        raise ValueError("unknown overflow")
    _at_most("data", len(found["data"]), 3)
    data = tuple((_name(name), _shape(shape), _whole(lo), _whole(hi)) for name, shape, lo, hi in found["data"])
    if list(found["digits"]) != list(KINDS):
        raise ValueError("digits")
    train, infer, evaluate = (Settings(*(_whole(n, 1, MOST_DIGIT) for n in found["digits"][name])) for name in KINDS)
    made = Description(
        _name(found["name"]), plan, _whole(found["records"], 1, 1 << 24), data, places, str(found["overflow"]),
        _whole(found["infer"], 1, 1 << 16), _whole(found["evaluate"], 0, 1 << 24), (train, infer, evaluate),
    )  # fmt: skip
    return _consistent(made)


def _consistent(found: Description) -> Description:
    """Parts of a description that say the same say it alike: a count of records is that of the slab that programs open."""
    plan, record, network = found.plan, found.plan.record, found.plan.network
    slots = {
        "x": ("x", (found.records, *record.features), *record.interval),
        "y": ("y", (found.records, record.targets), *record.label_interval),
    }
    wanted = {
        "intervals": record.interval[0] <= record.interval[1] and record.label_interval[0] <= record.label_interval[1],
        "x": slots["x"] in found.data[:1],
        "y": slots["y"] in found.data[1:2],
        "records": all(shape and shape[0] == found.records and lo <= hi for _, shape, lo, hi in found.data),
        "data": len(found.data) == 3 and found.data[2][0] == "id",
        "input": math.prod(network.graph.shapes[network.input]) == math.prod(record.features),
        "scores": network.graph.shapes[network.scores] == (1, record.targets),
        "steps": 1 <= plan.steps <= MOST_STEPS,
        "batch": plan.batch == found.records if found.places.order == "all" else plan.batch <= found.records,
        "order": found.places.order != "committed" or plan.batch * plan.steps <= found.records,
        "labels": not plan.loss.classes or (record.label_interval, record.label_frac) == ((0, 1), 0),
        "momentum": plan.momentum <= MOST_MOMENTUM,
        "frozen": network.frozen < set(network.parameters),
    }
    for name, holds in wanted.items():
        if not holds:
            raise ValueError(f"{name}: two parts do not agree")
    return found


def _graph(found: Mapping[str, Any]) -> Network:
    _at_most("nodes", len(found["nodes"]), MOST_NODES)
    _at_most("operands", sum(len(inputs) for _, _, inputs, _, _ in found["nodes"]), MOST_OPERANDS)
    shapes = {_name(name): _shape(shape) for name, shape in found["shapes"].items()}
    made, constants, nodes = {_name(found["input"])}, dict[str, Any](), []
    for name, op, inputs, output, attrs in found["nodes"]:
        least, most = OPERANDS.get(op, (1, 1))
        known = op in CANONICAL and all(tensor in shapes for tensor in (*inputs, output))
        if not known or not isinstance(inputs, list) or not least <= len(inputs) <= most:
            raise ValueError(f"node {name}")
        fixed = _attributes(CANONICAL[op], attrs, [shapes[tensor] for tensor in inputs])
        if CANONICAL[op].shape(fixed, [shapes[tensor] for tensor in inputs]) != shapes[output]:
            raise ValueError(f"the shape of {output}")
        constants |= {n: _constant(shapes[n], found["numbers"].get(n)) for n in inputs if n not in made}
        if output in made or output in constants:
            raise ValueError(f"{output} is made twice")
        made.add(output)
        nodes.append(Node(_name(name), op, tuple(inputs), (output,), fixed))
    graph = Graph(_name(found["name"]), (found["input"],), (found["scores"],), tuple(nodes), constants, shapes, {})
    if found["scores"] not in {node.outputs[0] for node in nodes} or shapes[found["input"]][:1] != (1,):
        raise ValueError("the network's ends")
    return Network(graph, found["scores"], frozenset(map(_name, found["frozen"])))


def _attributes(operator: Operator, found: Mapping[str, Any], operands: list[tuple[int, ...]]) -> dict[str, Any]:
    """Exactly those of the operator, in their order: what nothing reads would stand in a description as if it were so."""
    if list(found) != list(operator.attributes):
        raise ValueError(f"attributes of {operator.name}: {', '.join(found)[:80]}")
    fixed = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
    for key, value in fixed.items():
        rank = len(operands[0])
        axes = {"axis": (value,), "axes": value, "perm": value}.get(key, ())
        if not operator.attributes[key].has(value) or any(axis >= rank for axis in axes):
            raise ValueError(f"attribute {key} of {operator.name}: {str(value)[:80]}")
        if isinstance(value, tuple) and len(value) > MOST_NUMBERS:
            raise ValueError(f"attribute {key} of {operator.name}: more than {MOST_NUMBERS} numbers")
    if len(fixed.get("perm", operands[0])) != len(operands[0]):
        raise ValueError(f"perm of {operator.name}")
    return fixed


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_NAME or not value.isprintable():
        raise ValueError(f"expected a name of at most {MOST_NAME} printable characters, got {str(value)[:40]!r}")
    return value


def _at_most(what: str, count: int, most: int) -> None:
    if count > most:
        raise ValueError(f"expected at most {most} {what}, got {count}")


def _constant(shape: tuple[int, ...], number: Any) -> Any:
    """A weight, of which only the shape is known; or a coefficient. Nothing of a hostile shape's size is made."""
    value = 0.0 if number is None else float(number)
    if math.prod(shape) > 1 << 30 or not math.isfinite(value):
        raise ValueError("a constant")
    return np.broadcast_to(np.float64(value), shape)


def _whole(value: Any, least: int = -(1 << 62), most: int = 1 << 62) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"expected a whole number from {least} to {most}, got {value!r}")
    return value


def _share(value: Any) -> float:
    if not isinstance(value, float) or not 0 <= value < 1 or math.copysign(1, value) < 0:
        raise ValueError(f"expected a share, got {value!r}")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 8:
        raise ValueError(f"expected a shape, got {value!r}")
    return tuple(_whole(n, 1, 1 << 30) for n in value)
