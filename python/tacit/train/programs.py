"""From a description to the programs of a deployment: training, inference, evaluation. Nothing else decides them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from tacit import program as pg
from tacit.integer.emit import Visibility
from tacit.integer.graph import Parameter
from tacit.integer.reach import Overflow
from tacit.train.bounds import Bounds, bounds
from tacit.train.description import Description, Digits
from tacit.train.emit import Training, parameters, training_program
from tacit.train.evaluate import evaluation_program
from tacit.train.infer import inference_program
from tacit.train.step import training_step

#: Clamps by the declared intervals: what a program knows of weights is public.
TOTAL = Overflow(declared=True)


@dataclass(frozen=True)
class Programs:
    """The programs of one description; each is made when it is first asked for. Raises OutOfField, QuantizationError."""

    description: Description

    def with_digits(self, digits: Digits) -> Programs:
        """The same numbers in other digits; what does not depend on them is kept."""
        made = Programs(replace(self.description, digits=digits))
        own = zip(("training", "inference", "evaluation"), digits, self.description.digits, strict=True)
        kept = {"bounds", "fracs", "parameters", *(name for name, new, old in own if new == old)}
        made.__dict__.update({name: value for name, value in self.__dict__.items() if name in kept})
        return made

    @property
    def overflow(self) -> Overflow | None:
        """What becomes of values beyond their bits: they are clamped, or have no proof."""
        return TOTAL if self.description.overflow == "total" else None

    @cached_property
    def bounds(self) -> Bounds:
        """What weights can be."""
        return bounds(self.description.plan, self.overflow)

    @cached_property
    def fracs(self) -> Mapping[str, int]:
        """Fractional bits of every weight."""
        plan = self.description.plan
        return training_step(plan, 1, plan.cs[0], self.bounds.inputs()).fracs

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        return parameters(self.description.plan, self.bounds, self.fracs)

    @cached_property
    def training(self) -> Training:
        d = self.description
        return training_program(d.plan, self.bounds, self.overflow, d.data, d.places, d.digits[0])

    @cached_property
    def inference(self) -> tuple[pg.Program, bytes]:
        """The program and its architecture."""
        d = self.description
        visibility = Visibility("private", d.places.next, "public")
        return inference_program(d.plan, self.parameters, visibility, self.overflow, d.infer, d.digits[1])

    @cached_property
    def evaluation(self) -> pg.Program | None:
        """On a shard of `evaluate` records; None where there is none to be."""
        d = self.description
        if not d.evaluate:
            return None
        data = tuple((name, (d.evaluate, *shape[1:]), lo, hi) for name, shape, lo, hi in d.data)
        return evaluation_program(d.plan, self.parameters, d.places.next == "private", data, self.overflow, d.digits[2])

    def program(self, name: str) -> pg.Program | None:
        """The program train, infer or evaluate."""
        if name == "train":
            return self.training.program
        return self.inference[0] if name == "infer" else self.evaluation
