"""Transcripts with holes: prover and verifier of a protocol that lacks one guard of the order of absorption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tacit.reference.field import K
from tacit.reference.transcript import Transcript

Draw = K | list[int]


@contextmanager
def holes(
    known: Mapping[str, K | list[K]] | None = None,
    deaf: Sequence[str] = (),
    script: Sequence[Draw] | None = None,
    log: list[Draw] | None = None,
) -> Iterator[None]:
    """While it lasts, in every transcript:

    known: challenges of these kinds have this value (one for each draw, in a list), whatever was absorbed: a prover knows
    them beforehand;
    deaf: messages of these kinds are not absorbed: a prover may choose them late;
    script: draw number i is script[i]; log: every draw is noted.
    """
    absorb, challenge, positions = Transcript.absorb, Transcript.challenge, Transcript.positions
    known = known or {}

    def answer(transcript: Transcript, real: Callable[[], Draw]) -> Draw:
        number = getattr(transcript, "draws", 0)
        transcript.draws = number + 1  # type: ignore[attr-defined]
        drawn = real()
        if script is not None:
            drawn = script[number]
        if log is not None:
            log.append(drawn)
        return drawn

    def absorb_some(self: Transcript, kind: str, data: bytes) -> None:
        if kind not in deaf:
            absorb(self, kind, data)

    def draw(self: Transcript, kind: str) -> Draw:
        if kind not in known:
            return answer(self, lambda: challenge(self, kind))
        counts = self.__dict__.setdefault("counts", {})
        counts[kind] = counts.get(kind, 0) + 1
        value = known[kind]
        return answer(self, lambda: value[counts[kind] - 1] if isinstance(value, list) else value)

    def draw_positions(self: Transcript, kind: str, count: int, log: int) -> Draw:
        return answer(self, lambda: positions(self, kind, count, log))

    Transcript.absorb, Transcript.challenge, Transcript.positions = absorb_some, draw, draw_positions  # type: ignore
    try:
        yield
    finally:
        Transcript.absorb, Transcript.challenge, Transcript.positions = absorb, challenge, positions  # type: ignore
