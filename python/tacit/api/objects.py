"""What people hold: programs, weights, commitments, proofs, statements. Each is a file of its own kind."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit import _native
from tacit.api import architecture as layered
from tacit.api import leftovers
from tacit.api.native import failures
from tacit.api.results import Array as Array
from tacit.api.results import Proof as Proof
from tacit.api.results import Statement as Statement
from tacit.api.storage import Path, Readable, Stored, place_of
from tacit.api.target import check_target as check_target
from tacit.errors import InputError
from tacit.exact import as_floats, as_integers, quantized
from tacit.foreign_json import parse

if TYPE_CHECKING:
    from tacit.compiler.accuracy import Report

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Port:
    """An input or output. Real value = integer * 2^-frac; `place`: "private", "public", or a commitment's role.

    `tensor`: name of its tensor, place/name where several places of the program have that name. `lo`, `hi`: the integers' range.
    """

    name: str
    tensor: str
    shape: tuple[int, ...]
    frac: int
    lo: int
    hi: int
    place: str

    @property
    def range(self) -> tuple[float, float]:
        """The real values that the program takes or gives."""
        return self.lo * 2.0**-self.frac, self.hi * 2.0**-self.frac

    def quantize(self, values: Array) -> Ints:
        """Integers of real values, of any shape with as many entries; nearest, halves up.

        Raises InputError naming the input, the worst value and the range.
        """
        array = self.numbers(values)
        if array.shape != self.shape and not (
            array.size == int(np.prod(self.shape)) and _squeezed(array.shape) == _squeezed(self.shape)
        ):
            raise InputError(f"expected shape {self.shape}, got {array.shape}", slug="shape", place=self.name)
        return quantized(array.reshape(-1), self.frac, (self.lo, self.hi), self.name)

    def numbers(self, values: Array) -> npt.NDArray[np.float64]:
        """Real numbers, none of them masked; strings and complex numbers are not."""
        try:
            array = np.asarray(values)
            if array.dtype.kind not in "biufO" or np.ma.is_masked(values):
                kind = "masked values" if np.ma.is_masked(values) else str(array.dtype)
                raise InputError(f"expected real numbers, got {kind}", slug="dtype", place=self.name)
            return as_floats(array, self.name)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"not an array of numbers: {error}", slug="dtype", place=self.name) from None

    def dequantize(self, integers: Array) -> npt.NDArray[np.float64]:
        """Real values in the port's shape."""
        return np.asarray(integers, dtype=np.float64).reshape(self.shape) * 2.0**-self.frac


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


class Program(Stored):
    """A compiled program: public, holds no private number.

    `report`: accuracy against the float model, where it was compiled; `estimate`: sizes and cost. Programs are equal if they
    have the same digest and geometry: the same proofs are proofs of both.
    """

    def __init__(self, native: _native.Program, report: Report | None = None) -> None:
        self._native = native
        self._report = report
        self._checked: layered.Architecture | None = None

    @classmethod
    def _of_file(cls, data: bytes) -> Program:
        return cls(_native.Program.from_file(data))

    def _to_file(self) -> bytes:
        return self._native.to_file()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return self.digest == other.digest and self._native.geometry() == other._native.geometry()

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """Hexadecimal identity of architecture, shapes, scales, tables and visibility."""
        return self._native.digest.hex()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._native.name

    @property
    def proofs(self) -> int:
        """Proofs that one commitment is made for."""
        return self._native.proofs

    @property
    def security(self) -> int:
        """The target in bits that the geometry was derived for."""
        return self._native.target

    @cached_property
    def inputs(self) -> dict[str, Port]:
        """The inputs by name."""
        return {p["name"]: _port(p) for p in self._native.inputs()}

    @cached_property
    def outputs(self) -> dict[str, Port]:
        """The outputs by name."""
        return {p["name"]: _port(p) for p in self._native.outputs()}

    @property
    def commitments(self) -> dict[str, bool]:
        """The commitments a proof refers to: name -> private? "output" is made along with the proof."""
        return {name: private for name, private, _ in self._native.slabs()}

    @property
    def commits_outputs(self) -> bool:
        """Whether each proof comes with a commitment to its outputs, in place of the outputs themselves."""
        return "output" in self.commitments

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What the compiler wrote for people; part of no statement."""
        try:
            found = parse((self._native.notes or "{}").encode())
        except ValueError:  # they come with the file: no promise that they are JSON, or flat
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def architecture(self) -> layered.Architecture | None:
        """The layers that it says it computes, as a table; None where it says nothing. `check` finds out whether it does.

        Raises ProgramError (slug architecture) where the file holds something else in their place.
        """
        return self._checked or layered.read(self._native.architecture)

    @property
    def told_architecture(self) -> dict[str, Any]:
        """The same as plain values, with the verdict, for --json and tables; raises nothing."""
        return layered.told(self._native.architecture, self._checked)

    @property
    def checked(self) -> bool:
        """Whether it is known, from `compile` or `check` here, that it computes exactly the layers of `architecture`."""
        return self._checked is not None

    def check(
        self,
        *,
        model: Any = None,
        calibration: Any = None,
        batch: int = 1,
        deep: bool = False,
        seconds: float = 60.0,
    ) -> layered.Architecture:
        """Make the program once more from the layers that it names, and compare: does it compute exactly these?

        Whoever did not compile a program himself should, before its proofs mean anything to him: of relations nobody sees
        which layers they are. Gives the layers; what was found is remembered by this object.
        `model`: compare also with a float model (anything `compile` takes), whose weights do not matter; `calibration`: samples
        for it, else some are drawn from the ranges of the inputs; `batch`: inferences a proof.
        `deep`: of a small program also search, for so many `seconds`, for two witnesses with the same inputs and weights and
        other outputs; what was found is `determined` of the result. Needs the extra tacit[check].
        Raises ProgramError (slug architecture): the layers, a table or the model are others, or the program carries none;
        (slug witnesses): an output is the prover's choice.
        """
        layered.check_options(batch, seconds)
        if self._checked is None:
            self._checked = layered.checked(self._native.bytes(), self._native.architecture)
        if model is not None:
            layered.compare(self._native.architecture, model, calibration, batch)
        if deep:
            found = layered.determined(self._native.bytes(), seconds)
            self._checked = dataclasses.replace(self._checked, determined=found)
        return self._checked

    @property
    def report(self) -> Report | None:
        """Accuracy of the integer program against the original model on the calibration samples; prints as a table.

        Of a program that was compiled here. It is not in the public file, for it tells of the weights: None when loaded or
        unpickled.
        """
        return self._report

    @cached_property
    def estimate(self) -> dict[str, Any]:
        """Sizes, and the expected time (two cores), memory and bytes of a proof; "commitments": those of each commitment.

        A commitment's cost is that of the proofs that were compiled for, also when it is made for fewer.
        """
        with failures():
            return dict(self._native.sizes())

    @cached_property
    def soundness(self) -> dict[str, Any]:
        """The soundness budget: every term in bits, the least of them (round by round), their union, the regime."""
        with failures():
            least, union, binding, regime, terms = self._native.soundness()
        rows = [{"term": name, "bits": round(bits, 2), "formula": formula} for name, bits, formula in terms]
        return {"bits": round(least, 2), "union": round(union, 2), "bound_by": binding, "regime": regime, "terms": rows}

    def __repr__(self) -> str:
        return (
            f"<tacit.Program {self.name!r} {self.digest[:16]} inputs={list(self.inputs)} outputs={list(self.outputs)}>"
        )


def _port(p: dict[str, Any]) -> Port:
    return Port(p["name"], p["tensor"], tuple(p["shape"]), p["frac"], p["lo"], p["hi"], p["place"])


@dataclass(frozen=True, eq=False)
class Weights(Stored):
    """The integers that a program's model commitment holds, by tensor name; private, unless the program says otherwise.

    `save` makes a file that only its owner can read; pickles and file objects have no such owner. Files and bytes hold flat
    tensors; weights are equal if they have the same integers in the same order.
    """

    program: str
    role: str
    tensors: Mapping[str, Ints] = field(repr=False)
    _private = True

    @classmethod
    def _of_file(cls, data: bytes) -> Weights:
        program, role, tensors = _native.weights_from_file(data)
        return cls(program.hex(), role, dict(tensors))

    def _to_file(self) -> bytes:
        tensors = [(name, as_integers(values, name)) for name, values in self.tensors.items()]
        return _native.weights_to_file(bytes.fromhex(self.program), self.role, tensors)

    @classmethod
    def load(cls, source: Path | Readable) -> Weights:
        """As every file is loaded; from a path past Python's memory, so that what is dropped is wiped."""
        if not isinstance(source, (str, os.PathLike)):
            return super().load(source)
        leftovers.remove(FilePath(source))
        with failures(place_of(source)):
            program, role, tensors = _native.weights_load(os.fspath(source))
        return cls(program.hex(), role, dict(tensors))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        if (self.program, self.role, list(self.tensors)) != (other.program, other.role, list(other.tensors)):
            return False
        return all(np.array_equal(np.ravel(self.tensors[n]), np.ravel(other.tensors[n])) for n in self.tensors)

    def __hash__(self) -> int:
        return hash((self.program, self.role))

    def __copy__(self) -> Weights:
        return Weights(self.program, self.role, dict(self.tensors))

    def __deepcopy__(self, memo: dict[int, Any]) -> Weights:
        return Weights(self.program, self.role, {name: np.array(values) for name, values in self.tensors.items()})


class Commitment(Stored):
    """The public part of a commitment: header, root, y, the declared intervals and their validity proof.

    A child (see `Secret.rotate`) carries its master's validity proof and the proof that it holds the same (rotation).
    Commitments of the same bytes are equal. What was checked of one is remembered by the object alone: one that is loaded
    or unpickled is checked anew.
    """

    def __init__(self, native: _native.Commitment, *, known: bool = False) -> None:
        self._native = native
        #: Whether the values behind a public commitment were at hand: its root was computed from them here.
        self.known = known
        self._accepted: int | None = None

    @classmethod
    def _of_file(cls, data: bytes) -> Commitment:
        return cls(_native.Commitment.from_file(data))

    def _to_file(self) -> bytes:
        return self._native.to_file()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Commitment):
            return NotImplemented
        return self.identity == other.identity and self._native.to_file() == other._native.to_file()

    def __hash__(self) -> int:
        return hash(self.identity)

    def accept(self, security: int = 128) -> None:
        """Check the schema, the validity proof and a child's rotation; remembered by this object. Raises InvalidProof.

        `security`: the proven bits to insist on, 1 to 160 (InputError).
        """
        check_target(security)
        if self._accepted is None or self._accepted < security:
            with failures():
                self._native.accept(int(security))
            self._accepted = security

    @property
    def role(self) -> str:
        """What it commits to: "model", "data", "output"."""
        return self._native.slab

    @property
    def private(self) -> bool:
        """Blinded and salted."""
        return self._native.private

    @property
    def identity(self) -> str:
        """Hexadecimal; what transcripts absorb."""
        return self._native.identity.hex()

    @property
    def master(self) -> str | None:
        """Identity of the master whose values this commitment holds, hexadecimal; None if it is no child."""
        master = self._native.master
        return None if master is None else master.hex()

    @property
    def tensors(self) -> list[tuple[str, tuple[int, ...], int, int]]:
        """(name, shape, lo, hi) in layout order."""
        return [(name, tuple(shape), lo, hi) for name, shape, lo, hi in self._native.tensors()]

    def __repr__(self) -> str:
        return f"<tacit.Commitment {self.role!r} {self.identity[:16]}>"
