"""The file of a training proof: which deployment it is of, and the argument. All else a verifier has or computes himself.

kind 8, borsh: { deployment: [u8; 32], argument: Vec<u8> }          (docs/protocol/training.md, section 7)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tacit.api.parameters import check
from tacit.api.storage import Stored
from tacit.data.container import body_of, framed
from tacit.errors import InputError, InvalidProof

KIND = 8
#: Bytes of a file at most: an argument has a few hundred KiB.
MOST_BYTES = 1 << 28
_DIGEST, _HEAD = 32, 36
#: All that a training proof is bound to.
BOUND = "the deployment, the base, the next, the data's commitment, the seed and the context"


@dataclass(frozen=True)
class TrainingProof(Stored):
    """A proof that T steps were made, as a file. `deployment`: `Deployment.digest`; `argument`: `Update.proof`.

    The next model, the commitments, seed and context are no part of it.
    """

    deployment: bytes
    argument: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raises InputError (slugs type, digest)."""
        for name, value in (("deployment", self.deployment), ("argument", self.argument)):
            check(name, value, bytes)
        if len(self.deployment) != 32:
            raise InputError(
                f"expected a digest of 32 bytes, got {len(self.deployment)}",
                slug="digest",
                place="deployment",
                remedy="give the digest of the deployment",
            )

    @classmethod
    def _of_file(cls, data: bytes) -> TrainingProof:
        body = body_of(KIND, data, MOST_BYTES)
        counted = int.from_bytes(body[_DIGEST:_HEAD], "little")
        if len(body) < _HEAD or len(body) - _HEAD != counted:
            raise InvalidProof(
                f"expected {_HEAD} bytes and an argument of {counted}, got {len(body)} in all",
                slug="encoding",
                place="training proof",
            )
        return cls(body[:_DIGEST], body[_HEAD:])

    def _to_file(self) -> bytes:
        return framed(KIND, self.deployment + len(self.argument).to_bytes(4, "little") + self.argument)

    def check_deployment(self, digest: bytes) -> None:
        """Raises InvalidProof (slug program) for a proof of another deployment."""
        if self.deployment != digest:
            raise InvalidProof(
                f"expected a proof of deployment {digest.hex()[:16]}, got one of {self.deployment.hex()[:16]}",
                slug="program",
                place="training proof",
                remedy="verify it with the deployment that it was made for",
            )
