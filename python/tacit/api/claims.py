"""What a proof says of each input (some input, the committed one, the one that is shown), and of a threshold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from tacit.api.objects import Port, Program

Kind = Literal["private", "committed", "public"]


@dataclass(frozen=True)
class InputClaim:
    """What an accepted proof says of one input; `says` is that in words.

    `kind`: "private": some input in `range` (real values) gives this output, and whoever proves may choose it. "committed":
    the input is the one under `identity`, hexadecimal: that of its commitment, or of the master whose values a child holds;
    None where only the program is known. "public": the input is the one that is shown.
    """

    kind: Kind
    range: tuple[float, float]
    identity: str | None
    says: str


def input_claim(port: Port, identity: str | None = None) -> InputClaim:
    """What proofs say of an input; `identity`: of the commitment that a proof was made with, where it is known."""
    if port.place == "private":
        low, high = port.range
        words = f"some input in [{low:g}, {high:g}] gives this output; whoever proves may choose it"
        return InputClaim("private", port.range, None, f"{port.name} is private: {words}")
    if port.place == "public":
        return InputClaim("public", port.range, None, f"{port.name} is public: it is the one that is shown")
    under = "the identity of the commitment that the verifier holds" if identity is None else identity
    words = f"it is the one that was committed under {under}"
    return InputClaim("committed", port.range, identity, f"{port.name} is committed: {words}")


def input_claims(program: Program, identities: Mapping[str, str] | None = None) -> dict[str, InputClaim]:
    """By input name; `identities`: by role."""
    return {name: input_claim(port, (identities or {}).get(port.place)) for name, port in program.inputs.items()}


@dataclass(frozen=True)
class Predicate:
    """What a threshold's bits say: of what is asked, such as "y[3] >= 0.5", whether it `holds`, for each of the batch.

    `says`: the same as one line, "y[3] >= 0.5: true".
    """

    asks: str
    holds: tuple[bool, ...]
    says: str


def predicate_of(port: Port) -> str | None:
    """What an output that is a threshold's answer asks, such as "y[3] >= 0.5"; None for any other output.

    It stands in the program, as the name of the output's tensor, so that the digest binds it.
    """
    words = port.tensor.removeprefix("output ")
    index = words.removeprefix(f"{port.name}[")
    if index == words or (port.lo, port.hi, port.frac, len(port.shape)) != (0, 1, 0, 1):
        return None
    return words if re.fullmatch(r"(\d+(, \d+)*)?\] >= \S+", index) else None


def predicates(program: Program, values: Mapping[str, Any]) -> dict[str, Predicate]:
    """By output name, of the outputs among these (0 or 1, by output name) that are thresholds' answers."""
    found = {}
    for name, port in program.outputs.items():
        asks = predicate_of(port)
        if asks is not None and name in values:
            holds = tuple(bool(bit) for bit in np.asarray(values[name]).reshape(-1))
            found[name] = Predicate(asks, holds, f"{asks}: {', '.join('true' if one else 'false' for one in holds)}")
    return found
