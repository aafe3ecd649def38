"""The extension module (crates/py-verifier)."""

File = tuple[str | None, str, bytes]

class Failure(Exception): ...

__version__: str

def verify(
    program: bytes,
    proof: bytes,
    commitments: list[File],
    rotation: File | None,
    context: bytes,
    security: int,
    known: list[tuple[str, list[int], list[float]]],
) -> str: ...
def run(arguments: list[str]) -> int: ...
