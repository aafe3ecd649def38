"""What a proof says of each input: some input, the committed one, or the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
    """By input name; `identities`: by slab."""
    return {name: input_claim(port, (identities or {}).get(port.place)) for name, port in program.inputs.items()}
