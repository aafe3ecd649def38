"""Programs less a relation, and an opinion on witnesses that has nothing to do with the search's own translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from execution import Execution, check_execution

from tacit import program as pg
from tacit.errors import WitnessError


def holds(program: pg.Program, witness: Mapping[str, Any]) -> bool:
    """Whether these tensors, by name, satisfy every relation of the program."""
    try:
        check_execution(Execution(program, {i: witness[tensor.name] for i, tensor in enumerate(program.tensors)}))
    except WitnessError:
        return False
    return True


def relations(program: pg.Program) -> list[str]:
    """The names of all lookups and zeros, each once."""
    every = [f"lookup {each.name}" for each in program.lookups] + [f"zero {each.name}" for each in program.zeros]
    return list(dict.fromkeys(every))


def without(program: pg.Program, relation: str) -> pg.Program:
    """The program less what is called so: "lookup NAME" or "zero NAME"."""
    kind, _, name = relation.partition(" ")
    if kind == "lookup":
        return replace(program, lookups=tuple(each for each in program.lookups if each.name != name))
    return replace(program, zeros=tuple(each for each in program.zeros if each.name != name))
