"""What people hold: programs, weights, secrets, commitments, proofs, statements. Each is a file of its own kind."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit import _native
from tacit.api import leftovers
from tacit.api.counted import Counted, counter_of
from tacit.api.native import failures, staged
from tacit.api.results import Array as Array
from tacit.api.results import Proof as Proof
from tacit.api.results import Statement as Statement
from tacit.api.storage import Path, Readable, Stored, place_of
from tacit.api.target import check_target as check_target
from tacit.errors import InputError, NoCopy
from tacit.progress import slow

if TYPE_CHECKING:
    from tacit.counters import Counter
    from tacit.report import Report

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Port:
    """An input or output. Real value = integer * 2^-frac; `place`: "private", "public", or a slab's name.

    `lo`, `hi`: the integers' range.
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
        if not np.all(np.isfinite(array)):
            raise InputError("a value that is not a finite number", slug="not_finite", place=self.name)
        scaled = rounded(array.reshape(-1), self.frac)
        outside = (scaled < self.lo) | (scaled > self.hi)
        if np.any(outside):
            low, high = self.range
            worst = array.reshape(-1)[int(np.flatnonzero(outside)[0])]
            raise InputError(
                f"expected values in [{low:g}, {high:g}], got {worst:g}",
                slug="range",
                place=self.name,
                hint="compile for a wider range (ranges=.., --range), or with samples that cover such values",
            )
        return np.ascontiguousarray(scaled.astype(np.int64))

    def numbers(self, values: Array) -> npt.NDArray[np.float64]:
        """Real numbers, none of them masked; strings and complex numbers are not."""
        try:
            array = np.asarray(values)
            if array.dtype.kind not in "biufO" or np.ma.is_masked(values):
                kind = "masked values" if np.ma.is_masked(values) else str(array.dtype)
                raise InputError(f"expected real numbers, got {kind}", slug="dtype", place=self.name)
            return array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"not an array of numbers: {error}", slug="dtype", place=self.name) from None

    def dequantize(self, integers: Array) -> npt.NDArray[np.float64]:
        """Real values in the port's shape."""
        return np.asarray(integers, dtype=np.float64).reshape(self.shape) * 2.0**-self.frac


def rounded(values: npt.NDArray[np.float64], frac: int) -> npt.NDArray[np.float64]:
    """The whole numbers nearest to values * 2^frac, halves up."""
    exact = values * 2.0**frac
    whole = np.floor(exact)
    whole += exact - whole >= 0.5  # exact + 0.5 could round up by itself
    return np.asarray(whole)


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
    def slabs(self) -> dict[str, bool]:
        """The commitments a proof refers to: name -> private? "output" is made along with the proof."""
        return {name: private for name, private, _ in self._native.slabs()}

    @property
    def commits_outputs(self) -> bool:
        """Whether each proof comes with a commitment to its outputs, in place of the outputs themselves."""
        return "output" in self.slabs

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What the compiler wrote for people; part of no statement."""
        try:
            found = json.loads(self._native.notes or "{}")
        except (ValueError, RecursionError):  # they come with the file: no promise that they are JSON, or flat
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def report(self) -> Report | None:
        """Accuracy of the integer program against the original model on the calibration samples; prints as a table.

        Of a program that was compiled here. It is not in the public file, for it tells of the weights: None when loaded or
        unpickled.
        """
        return self._report

    @cached_property
    def estimate(self) -> dict[str, Any]:
        """Sizes, and the expected time (two cores), memory and bytes of a proof; "commitments": those of each slab's.

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
    """The integers of a program's model slab, by tensor name; private, unless the program says otherwise.

    `save` makes a file that only its owner can read; pickles and file objects have no such owner. Files and bytes hold flat
    tensors; weights are equal if they have the same integers in the same order.
    """

    program: str
    slab: str
    tensors: Mapping[str, Ints] = field(repr=False)
    _private = True

    @classmethod
    def _of_file(cls, data: bytes) -> Weights:
        program, slab, tensors = _native.weights_from_file(data)
        return cls(program.hex(), slab, dict(tensors))

    def _to_file(self) -> bytes:
        tensors = [(name, _flat(values)) for name, values in self.tensors.items()]
        return _native.weights_to_file(bytes.fromhex(self.program), self.slab, tensors)

    @classmethod
    def load(cls, source: Path | Readable) -> Weights:
        """As every file is loaded; from a path past Python's memory, so that what is dropped is wiped."""
        if not isinstance(source, (str, os.PathLike)):
            return super().load(source)
        leftovers.remove(FilePath(source))
        with failures(place_of(source)):
            program, slab, tensors = _native.weights_load(os.fspath(source))
        return cls(program.hex(), slab, dict(tensors))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        if (self.program, self.slab, list(self.tensors)) != (other.program, other.slab, list(other.tensors)):
            return False
        return all(np.array_equal(_flat(self.tensors[name]), _flat(other.tensors[name])) for name in self.tensors)

    def __hash__(self) -> int:
        return hash((self.program, self.slab))

    def __copy__(self) -> Weights:
        return Weights(self.program, self.slab, dict(self.tensors))

    def __deepcopy__(self, memo: dict[int, Any]) -> Weights:
        return Weights(self.program, self.slab, {name: np.array(values) for name, values in self.tensors.items()})


def _flat(values: Array) -> Ints:
    return np.ascontiguousarray(np.asarray(values, dtype=np.int64).reshape(-1))


class Commitment(Stored):
    """The public part of a commitment: header, root, y, the declared intervals and their validity proof.

    A child (see `Secret.rotate`) carries its master's validity proof and the link to it. Commitments of the same bytes are
    equal. What was checked of one is remembered by the object alone: one that is loaded or unpickled is checked anew.
    """

    def __init__(self, native: _native.Commitment, *, known: bool = False) -> None:
        self._native = native
        #: Whether the values behind a public slab were at hand: its root was computed from them here.
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
        """Check the schema, the validity proof and a child's link; remembered by this object. Raises InvalidProof.

        `security`: the proven bits to insist on, 1 to 160 (InputError).
        """
        check_target(security)
        if self._accepted is None or self._accepted < security:
            with failures():
                self._native.accept(int(security))
            self._accepted = security

    @property
    def slab(self) -> str:
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
        return f"<tacit.Commitment {self.slab!r} {self.identity[:16]}>"


class Secret:
    """What the owner of a commitment keeps. It counts its proofs: once saved, in a journal beside the file.

    So it is neither copied nor pickled, and its file has a path.
    """

    def __init__(self, native: _native.Slab, counter: Counter | None = None) -> None:
        self._native = native
        self._counted = Counted(native, counter)

    @classmethod
    def load(cls, path: Path, *, counter: Counter | str | None = None) -> Secret:
        """Read a secret file and its journal. Raises BudgetExceeded when the journal is missing or damaged.

        `counter`: what the secret was saved with, or what it is to have from now on (`tacit.counters`): an object, or its
        name, "file:PATH" or "postgresql://..". A journal that is behind it is an older copy: `prove` and `rotate` refuse it
        (slug restored), `renew` does not.
        A public slab is committed again from the values in the file: InvalidProof (slug encoding) if its root, its
        header or an interval is not theirs.
        """
        _check_path(path)
        found = counter_of(counter)
        leftovers.remove(FilePath(path))
        with failures(str(path)):
            secret = cls(_native.Slab.load(os.fspath(path)), found)
        secret._counted.attach()
        return secret

    def save(self, path: Path, *, counter: Counter | str | None = None) -> None:
        """Write the secret file (readable by its owner only) and start its journal, PATH.budget.

        Never restore the journal from a backup, and never copy a secret: proofs beyond the budget give the values away, all
        of a small model's with a few. After a restore: `renew` until the identity is new, never prove. `counter`: a number kept
        elsewhere that notices it (`tacit.counters`); from then on the secret is loaded with it.

        Raises InputError, and BudgetExceeded (slug too_large) from 4 GiB on; then nothing is written and nothing counted.
        """
        _check_path(path)
        leftovers.remove(FilePath(path))
        for there in (os.fspath(path), f"{os.fspath(path)}.budget"):
            if os.path.exists(there):
                alone = "; a journal alone may be removed once its secret is gone for good"
                raise InputError(
                    "a file is there already: a secret or its journal is never replaced",
                    slug="exists",
                    place=there,
                    hint=f"choose another name{alone if not os.path.exists(path) else ''}",
                )

        # The journal before the secret has its name: a secret without one is refused. But after its bytes are on the
        # disk: a full disk leaves no journal, and a secret that can be saved elsewhere.
        # Its bytes pass through no object of Python's, which nobody can wipe.
        def fill(_: int, temporary: str) -> None:
            with failures(os.fspath(path)):
                self._native.write_file(temporary)

        agreed = counter_of(counter)
        if agreed is not None:
            self._counted.begin(agreed)
            # Before there is a journal: no kill leaves one that does not ask for its counter.
            self._counted.attach()
        with staged(path, fill, private=True), failures():
            self._native.start_journal(os.fspath(path))

    @cached_property
    def commitment(self) -> Commitment:
        """The public part."""
        with failures():
            native = _native.Commitment.from_file(self._native.commitment_file())
        # A public slab was committed here from its values, or loading its file did that again.
        return Commitment(native, known=not native.private)

    @property
    def slab(self) -> str:
        """What it is: "model", "data", .."""
        return self._native.slab

    @property
    def remaining(self) -> int | None:
        """Proofs left; None for a public slab, which hides nothing; 0 for a master."""
        with failures():
            return self._native.remaining

    @property
    def children(self) -> int:
        """Children that can still be made; 0 if this is no master."""
        with failures():
            return self._native.children

    @property
    def locked(self) -> bool:
        """Whether the system keeps the seed and the values out of the swap.

        It has little room for such memory by default: `ulimit -l`, RLIMIT_MEMLOCK.
        """
        return self._native.locked

    @property
    def remaining_refusals(self) -> int | None:
        """Refusals for hidden values that are left; then nothing is proven any more. None for a public slab.

        A proof that is refused because a value inside the network leaves its range tells one bit of what is hidden, to
        whoever sees that it was refused. Inputs outside their declared range are not counted: that is public.
        """
        with failures():
            return self._native.remaining_refusals

    @property
    def renewed(self) -> bool:
        """Whether it was renewed: then it makes nothing any more."""
        with failures():
            return self._native.renewed

    @cached_property
    def renewal(self) -> Commitment | None:
        """The public proof that it holds what the commitment before it held (`Commitment.accept`, `verify_renewal`)."""
        data = self._native.renewal_file()
        return Commitment(_native.Commitment.from_file(data)) if data else None

    def renew(self) -> Secret:
        """A fresh commitment to the same values with the same budget, and the proof of that: its `renewal`.

        It opens this commitment once more, for which one opening is kept in reserve: `prove` never takes it. So it may be
        renewed whatever its count says: when it is spent, after too many refusals, and when its journal was, or may have
        been, restored from a backup. From then on this one makes nothing (slug renewed): counted first, also when the rest
        fails. What comes out follows from this secret alone, so that renewing a copy again shows nothing new; but then two
        secrets are one, with two counts: use one of them, and delete the other. A backup from before a renewal is a copy: an
        identity that was published before has been used, so renew on, until one was not, and prove with that.
        Raises InputError (public values), BudgetExceeded (renewed; reserve: a child, whose master renews it).
        """
        with self._counted.renewing(), slow("renewing"), failures(self.slab):
            new = Secret(self._native.renew())
        return new

    def rotate(self, proofs: int | None = None, *, refusals: int | None = None) -> Secret:
        """A child of this master: a fresh commitment to the same values, with a budget of `proofs` proofs.

        Its commitment holds the proof of that, so whoever trusts the master's identity accepts the child. By
        default it is made for as many proofs as the program's geometry has room for, and for as many `refusals`. Uses up
        one child of the master's budget, on disk first if the master is saved, also when making it fails.
        Raises InputError (not a master, too many proofs), BudgetExceeded (no child left).
        """
        check_number("proofs", proofs)
        check_number("refusals", refusals)
        with self._counted.counting(), slow("making a child"), failures(self.slab):
            return Secret(self._native.rotate(proofs, refusals))

    def __reduce__(self) -> tuple[Any, ...]:
        raise NoCopy(
            "a secret counts its proofs, and a copy would count them anew",
            slug="copy",
            place=self.slab,
            hint="save it to a file and load it where it is used: one process at a time",
        )

    def __repr__(self) -> str:
        left = f"children={self.children}" if self.children else f"remaining={self.remaining}"
        return f"<tacit.Secret {self.slab!r} {left}>"


def check_number(name: str, number: int | None) -> None:
    """A number of proofs or refusals that a journal can hold, or none. Raises InputError (slugs type, `name`)."""
    if number is None:
        return
    if not isinstance(number, Integral):
        raise InputError(f"expected a whole number, got {type(number).__name__}", slug="type", place=name)
    if not 1 <= number < 1 << 32:
        raise InputError(f"expected 1 to {2**32 - 1}, got {number}", slug=name, place=name)


def _check_path(path: Any) -> None:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(
            f"expected a path, got {type(path).__name__}: a secret's journal stands beside its file",
            slug="type",
            place="secret",
            hint="give the name of a file",
        )
