"""What proving and verifying give: a proof, and the statement of one that is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from tacit.api.architecture import NOT_CHECKED
from tacit.api.claims import InputClaim, Predicate
from tacit.api.storage import Stored
from tacit.errors import NoCopy

if TYPE_CHECKING:
    from tacit.api.secret import Secret

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Proof(Stored):
    """A proof with its public tensors. `profile`: seconds by phase, when it was asked for.

    `load` and `from_bytes` take any bytes: what they are is looked at when the proof is verified.

    Only where the proof was made: `outputs`, the real values of its outputs, which nobody has verified yet. Of a program with
    committed outputs also `output`, the secret of the commitment that a verifier needs besides the proof; its values are in
    neither the file nor its bytes, and such a proof is not pickled. Proofs of the same bytes are equal.
    """

    data: bytes = field(repr=False)
    profile: Mapping[str, float] = field(default_factory=dict, compare=False)
    peak_memory: int = field(default=0, compare=False)
    output: Secret | None = field(default=None, compare=False)
    outputs: Mapping[str, Array] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def _of_file(cls, data: bytes) -> Proof:
        return cls(data)  # it is looked at when it is verified

    def _to_file(self) -> bytes:
        return self.data

    def __reduce__(self) -> tuple[Any, ...]:
        if self.output is not None:
            raise NoCopy(
                "a proof with the secret of its outputs is not pickled: without that secret nobody could use it",
                slug="copy",
                place="proof",
                remedy="save `output` and pass on the proof's bytes (to_bytes) and the commitment of `output`",
            )
        return Proof, (self.data, dict(self.profile), self.peak_memory)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class Statement:
    """What an accepted proof says. Real values in `outputs` and `inputs`, the exact integers in `integers`.

    `input_claims`: what the proof says of each input, also of those that it hides; `says`: the same in words.
    `digests`: hexadecimal identities of the program, of each commitment and, as "master of model", of the master that
    a child's values are those of; `hidden`: what the proof does not reveal;
    `security`: proven bits, the weakest round's. `predicates`: what the outputs of thresholds mean, by output name: what is
    asked, and whether it holds. `architecture`: "checked" where it is known which layers the program computes (`Program.check`),
    "not checked" where only its maker says so, "none" where nobody does: the proof is then about relations that nobody read.
    """

    outputs: Mapping[str, Array]
    inputs: Mapping[str, Array]
    integers: Mapping[str, Array]
    digests: Mapping[str, str]
    hidden: tuple[str, ...]
    context: bytes
    security: float
    input_claims: Mapping[str, InputClaim]
    predicates: Mapping[str, Predicate] = field(default_factory=dict)
    architecture: str = NOT_CHECKED

    @property
    def says(self) -> tuple[str, ...]:
        """One sentence an input: what this proof shows of it, and what it does not."""
        return tuple(claim.says for claim in self.input_claims.values())
