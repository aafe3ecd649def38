"""Options that several commands share, named and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Context = Annotated[
    str, typer.Option("--context", metavar="HEX", help="Bytes the proof is bound to: a nonce, a recipient, a chain.")
]
ProgramFile = Annotated[Path, typer.Argument(metavar="M.tacit", help="The public program.", show_default=False)]
WeightsFile = Annotated[Path, typer.Argument(metavar="M.weights", help="Its private integers.", show_default=False)]
ProofFile = Annotated[Path, typer.Argument(metavar="PROOF", help="The proof file.", show_default=False)]
ModelCommitment = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="The model's commitment (model.commitment).")
]
DataCommitment = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="The data's commitment (data.commitment).")
]
OutputCommitment = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="The commitment to the outputs that came with the proof."),
]
LinkCommitment = Annotated[
    Path | None, typer.Option("--link", metavar="FILE", help="A child of the commitment above, made by rotating it.")
]
ModelSecret = Annotated[Path | None, typer.Option("--model", metavar="FILE", help="The model's secret (model.secret).")]
DataSecret = Annotated[Path | None, typer.Option("--data", metavar="FILE", help="The data's secret (data.secret).")]

# Precision, at compilation. `tacit.compile` checks the bounds, and its error says what came.
ActivationBits = Annotated[
    int | None, typer.Option(help="Bits of activations, sign included (2 to 32); searched, if not given.")
]
InputBits = Annotated[
    int | None, typer.Option(help="Bits of the input, sign included (2 to 32); as activations, if not given.")
]
WeightBits = Annotated[int, typer.Option(help="Bits of weights, sign included (2 to 32).")]
OutputBits = Annotated[int, typer.Option(help="Bits of the output, sign included (2 to 32).")]
