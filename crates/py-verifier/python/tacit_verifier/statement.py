"""What an accepted proof says; the fields of `tacit.Statement`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class InputClaim:
    """What an accepted proof says of one input; `says` is that in words.

    `kind`: "private": some input in `range` (real values) gives this output, and whoever proves may choose it. "committed":
    the input is the one under `identity`, hexadecimal. "public": the input is the one that is shown.
    """

    kind: Literal["private", "committed", "public"]
    range: tuple[float, float]
    identity: str | None
    says: str


@dataclass(frozen=True)
class Predicate:
    """What a threshold's bits say: of what is asked, such as "y[3] >= 0.5", whether it `holds`, for each of the batch."""

    asks: str
    holds: tuple[bool, ...]
    says: str


@dataclass(frozen=True)
class Statement:
    """What an accepted proof says. Real values in `outputs` and `inputs`, the exact integers in `integers`.

    `input_claims`: what the proof says of each input, also of those that it hides; `says`: the same in words.
    `digests`: hexadecimal identities of the program, of each commitment and, as "master of model", of the master that
    a child's values are those of; `hidden`: what the proof does not reveal; `security`: proven bits, the weakest round's.
    `predicates`: what the outputs of thresholds mean, by output name. `architecture`: "not checked" where the program names the
    layers that it was lowered from, "none" where it names none; whether it computes them is checked by the package `tacit`.
    """

    outputs: Mapping[str, Array]
    inputs: Mapping[str, Array]
    integers: Mapping[str, Array]
    digests: Mapping[str, str]
    hidden: tuple[str, ...]
    context: bytes
    security: float
    input_claims: Mapping[str, InputClaim]
    predicates: Mapping[str, Predicate]
    architecture: str

    @property
    def says(self) -> tuple[str, ...]:
        """One sentence an input: what this proof shows of it, and what it does not."""
        return tuple(claim.says for claim in self.input_claims.values())

    @classmethod
    def of_json(cls, text: str) -> Statement:
        """The statement that the extension module wrote."""
        found = json.loads(text)
        arrays = {
            part: {name: np.asarray(values, dtype=kind) for name, values in found[part].items()}
            for part, kind in (("outputs", np.float64), ("inputs", np.float64), ("integers", np.int64))
        }
        return cls(
            **arrays,
            digests=found["digests"],
            hidden=tuple(found["hidden"]),
            context=bytes.fromhex(found["context"]),
            security=found["security"],
            input_claims={
                name: InputClaim(claim["kind"], tuple(claim["range"]), claim["identity"], claim["says"])
                for name, claim in found["input_claims"].items()
            },
            predicates={
                name: Predicate(one["asks"], tuple(one["holds"]), one["says"])
                for name, one in found["predicates"].items()
            },
            architecture=found["architecture"],
        )
