"""Arguments and options of the commands, named and explained once; a signature then reads as a list."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
Context = Annotated[
    str, typer.Option("--context", metavar="HEX", help="Bytes the proof is bound to: a nonce, a recipient, a chain.")
]
SchemaDigest = Annotated[
    str | None,
    typer.Option(
        "--schema-digest",
        metavar="HEX",
        help="The published digest of the schema: a file of another schema is refused.",
    ),
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
RotatedCommitment = Annotated[
    Path | None,
    typer.Option("--rotation", metavar="FILE", help="A child of the commitment above, made by rotating it."),
]
ModelSecret = Annotated[Path | None, typer.Option("--model", metavar="FILE", help="The model's secret (model.secret).")]
DataSecret = Annotated[Path | None, typer.Option("--data", metavar="FILE", help="The data's secret (data.secret).")]

OutputName = Annotated[
    Path | None,
    typer.Option(
        "--output-commitment",
        metavar="NAME",
        help="Where a program with committed outputs puts them: NAME.commitment (publish it), NAME.secret.",
    ),
]
ProofInput = Annotated[
    Path | None,
    typer.Option(
        "--input", metavar="X.npz", help="The input (.npz, .npy, .csv, .json); not needed where it is committed."
    ),
]
ProofOut = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The proof.")]
Profile = Annotated[bool, typer.Option("--profile", help="Print the time of every phase.")]
ShowHidden = Annotated[
    bool,
    typer.Option(
        "--show-hidden",
        help="Of a value inside the network that leaves its range, say which: it tells of the weights.",
    ),
]
Chart = Annotated[Path | None, typer.Option("--chart", metavar="FILE", help="Draw the phases (.png, .svg, .pdf).")]

# --- tacit run, tacit evaluate ------------------------------------------------------------------------------------------

PlainWeights = Annotated[Path | None, typer.Option("--weights", metavar="M.weights", help="The program's integers.")]
AnySecret = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="In place of the weights: the model's secret, even if it is spent."),
]
SampleInput = Annotated[
    Path | None,
    typer.Option(
        "--input",
        metavar="X.npz",
        help="Inputs (.npz, .npy, .csv, .json): of one proof, or many with an axis in front.",
    ),
]
TestInput = Annotated[
    Path,
    typer.Option(
        "--input",
        metavar="X.npz",
        help="The samples (.npz, .npy, .csv, .json), first axis the sample.",
        show_default=False,
    ),
]
AnswersOut = Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.npz", help="Write the outputs there.")]
LabelsFile = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="Y.npy",
        help="Right answers (.npy, .npz, .csv, .json): one array, or the one named y or labels.",
    ),
]
Original = Annotated[
    Path | None, typer.Option("--original", metavar="M.onnx", help="The model it was compiled from, to compare with.")
]
DecisionText = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="[OUTPUT[INDEX]>=]VALUE",
        help="What the answer is: as it was compiled, or of a published output.",
        show_default=False,
    ),
]

# --- tacit compile ----------------------------------------------------------------------------------------------------


class Weights(str, Enum):
    """Who may see the weights."""

    private = "private"
    public = "public"


class Input(str, Enum):
    """Who may see the input; a committed one is proven against its owner's published commitment."""

    private = "private"
    committed = "committed"
    public = "public"


class Outputs(str, Enum):
    """Who learns the answer; a committed one is in a commitment that is made along with each proof."""

    public = "public"
    committed = "committed"


class Beyond(str, Enum):
    """total: every input in range has a proof, by clamps or room; refuse: such an input has none, which tells of the weights."""

    total = "total"
    saturate = "saturate"
    widen = "widen"
    refuse = "refuse"


class Aim(str, Enum):
    """What the code's rate trades for what."""

    time = "time"
    balanced = "balanced"
    size = "size"


ModelFile = Annotated[Path, typer.Argument(metavar="M.onnx", help="The network.", show_default=False)]
Calibration = Annotated[
    Path,
    typer.Option(
        "--calibration",
        metavar="X.npz",
        help="Typical inputs (.npz, .npy, .csv, .json); ranges come from them.",
        show_default=False,
    ),
]
ProgramOut = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="M.tacit", help="The public program.", show_default=False)
]
Batch = Annotated[int, typer.Option(min=1, help="Inputs per proof.")]
Headroom = Annotated[
    float | None,
    typer.Option(help="How far values may exceed the calibrated ranges, as a factor.", show_default=False),
]
Overflow = Annotated[
    Beyond,
    typer.Option(help="What becomes of values inside the network that are far beyond those of the calibration inputs."),
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="[INPUT=]LEAST:GREATEST",
        help="What an input may be, in place of what the calibration inputs say: public. Again for each further input.",
        show_default=False,
    ),
]
WeightsSeen = Annotated[Weights, typer.Option(help="Who may see the weights.")]
InputSeen = Annotated[Input, typer.Option("--input", help="Who may see the input.")]
OutputsSeen = Annotated[Outputs, typer.Option(help="Publish the outputs, or a commitment to them.")]
ThresholdText = Annotated[
    str | None,
    typer.Option(
        metavar="[OUTPUT[INDEX]>=]VALUE",
        help="Publish only whether an output's entry reaches a value: 0.5, or 'scores[3]>=0.5'.",
        show_default=False,
    ),
]
ReportOut = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write the accuracy report (.json) or draw it (.png, .svg, .pdf). Keep it private.",
    ),
]
CompiledProofs = Annotated[int, typer.Option(min=1, help="Proofs that one commitment is made for.")]
Target = Annotated[int, typer.Option(help="Proven security in bits: 128 or 100.")]
MaxError = Annotated[
    float, typer.Option(help="The largest relative error of an output, on the calibration inputs, that is taken.")
]
Optimize = Annotated[Aim, typer.Option(help="Prover time against proof size.")]

ArchitectureOnly = Annotated[
    bool,
    typer.Option(
        "--architecture-only",
        help="A program that depends on no weight: one for all checkpoints. The calibration inputs count as public.",
    ),
]
# Precision, at compilation. `tacit.compile` checks the bounds, and its error says what came.
ActivationBits = Annotated[
    int | None, typer.Option(help="Bits of activations, sign included (2 to 32); searched, if not given.")
]
InputBits = Annotated[
    int | None, typer.Option(help="Bits of the input, sign included (2 to 32); as activations, if not given.")
]
WeightBits = Annotated[
    int | None, typer.Option(help="Bits of weights, sign included (2 to 32); 16, or more where need be, if not given.")
]
OutputBits = Annotated[int, typer.Option(help="Bits of the output, sign included (2 to 32).")]

Counter = Annotated[
    str | None,
    typer.Option(
        "--counter",
        metavar="WHERE",
        envvar="TACIT_COUNTER",
        help="A count kept elsewhere that notices a restored journal: file:PATH or postgresql://HOST/DATABASE.",
    ),
]
