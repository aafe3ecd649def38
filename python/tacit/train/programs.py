"""From a description to the programs of a deployment: training, inference, evaluation. Nothing else decides them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from tacit import program as pg
from tacit.api.objects import Program as Given
from tacit.errors import CompilerBug, ProgramError, QuantizationError
from tacit.integer.emit import Visibility
from tacit.integer.graph import Parameter
from tacit.integer.reach import Overflow
from tacit.program.intervals import OutOfField
from tacit.program.room import NoRoom, Room
from tacit.train.bounds import Bounds, bounds
from tacit.train.description import Description, Digits, refused
from tacit.train.emit import Training, parameters, training_program
from tacit.train.evaluate import evaluation_program
from tacit.train.infer import inference_program
from tacit.train.rooms import room_of
from tacit.train.step import training_step

#: Clamps by the declared intervals: what a program knows of weights is public.
TOTAL = Overflow(declared=True)
#: What says itself what is wrong with a description; and all that one can break.
STATED = (OutOfField, QuantizationError)
FAULTS = (*STATED, CompilerBug, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)


def another(name: str) -> ProgramError:
    """The program of this name came out as another one."""
    return ProgramError(
        f"the program {name} is not what the description makes",
        slug="program",
        place=name,
        remedy="compile the task from its description, or ask its publisher",
    )


@dataclass(frozen=True)
class Programs:
    """The programs of one description; each is made when it is first asked for.

    `given`: of a description that somebody else wrote the programs that came with it. No more is made than belongs to programs
    of their sizes, so that the work follows the bytes. Raises OutOfField, QuantizationError; InputError (slug description) where
    there is `given`, whatever is wrong.
    """

    description: Description
    given: Mapping[str, Given] | None = field(default=None, compare=False, repr=False)

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
    def _decoded(self) -> dict[str, pg.Program]:
        return {name: pg.Program.decode(program._native.bytes()) for name, program in (self.given or {}).items()}

    def decoded(self, name: str) -> pg.Program | None:
        """The program that was given."""
        return self._decoded.get(name)

    @cached_property
    def _size(self) -> Room | None:
        return room_of(self.decoded("train"))

    def _room(self) -> Room | None:
        """That of one look at a step."""
        return None if self._size is None else replace(self._size)

    @contextmanager
    def _reading(self, name: str = "train") -> Iterator[None]:
        """What is wrong with somebody else's description is his error, whatever it breaks here."""
        try:
            yield
        except NoRoom:
            raise another(name) from None
        except FAULTS as error:
            if self.given is None:
                raise
            # Of anything but a stated reason only Python's own words are known, and they help no reader.
            why = str(error)[:260] if isinstance(error, STATED) else "two parts of it do not fit each other"
            raise refused(f"no programs come of it: {why}") from None

    @cached_property
    def bounds(self) -> Bounds:
        """What weights can be."""
        with self._reading():
            return bounds(self.description.plan, self.overflow, self._room)

    @cached_property
    def fracs(self) -> Mapping[str, int]:
        """Fractional bits of every weight."""
        plan = self.description.plan
        with self._reading():
            return training_step(plan, 1, plan.cs[0], self.bounds.inputs(), room=self._room()).fracs

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        return parameters(self.description.plan, self.bounds, self.fracs)

    @cached_property
    def training(self) -> Training:
        d = self.description
        with self._reading():
            given = self.decoded("train")
            return training_program(d.plan, self.bounds, self.overflow, d.data, d.places, d.digits[0], given)

    @cached_property
    def inference(self) -> tuple[pg.Program, bytes]:
        """The program and its architecture."""
        d = self.description
        visibility = Visibility("private", d.places.next, "public")
        with self._reading("infer"):
            given = self.decoded("infer")
            return inference_program(d.plan, self.parameters, visibility, self.overflow, d.infer, d.digits[1], given)

    @cached_property
    def evaluation(self) -> pg.Program | None:
        """On a shard of `evaluate` records; None where there is none to be."""
        d = self.description
        if not d.evaluate:
            return None
        data = tuple((name, (d.evaluate, *shape[1:]), lo, hi) for name, shape, lo, hi in d.data)
        private, given = d.places.next == "private", self.decoded("evaluate")
        with self._reading("evaluate"):
            return evaluation_program(d.plan, self.parameters, private, data, self.overflow, d.digits[2], given)

    def program(self, name: str) -> pg.Program | None:
        """The program train, infer or evaluate."""
        if name == "train":
            return self.training.program
        return self.inference[0] if name == "infer" else self.evaluation
