"""Everything that the commands print, word for word: tests/cli/snapshots/NAME.txt.

Only what differs between runs is masked: times, memory, roots and identities (they are random), the sizes of what holds
Merkle paths (they vary with the positions drawn). The network's numbers are exact in binary, so that all else is alike
on every machine. TACIT_WRITE_SNAPSHOTS=1 writes the files anew.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tacit import console
from tacit.cli import files
from tacit.cli.app import run

FOLDER = Path(__file__).parent / "snapshots"
REWRITE = "TACIT_WRITE_SNAPSHOTS=1 python -m pytest tests/cli/test_snapshots.py"

# --- what is run ------------------------------------------------------------------------------------------------------

COMPILE = "compile m.onnx --calibration x.npz --proofs 4"
PROVE = "prove m.tacit --model model.secret --input one.npz -o out.proof --context c0ffee"
VERIFY = "verify m.tacit out.proof --model model.commitment --context c0ffee"
EVALUATE = "evaluate m.tacit --weights m.weights --input many.npz"
#: One after the other, in one folder; `keys-..`: the names and types of the JSON that it prints.
COMMANDS = {
    "compile": COMPILE,
    "keys-compile": f"{COMPILE} --json",
    "compile-sealed": "compile m.onnx --calibration x.npz --proofs 4 -o sealed.tacit --input committed --outputs committed",
    "compile-threshold": "compile m.onnx --calibration x.npz --threshold y[1]>=0.5 -o bit.tacit",
    "commit-model": "commit model m.tacit m.weights",
    "keys-commit-model": "commit model m.tacit m.weights -o again --json",
    "commit-master": "commit model sealed.tacit sealed.weights -o master --children 2",
    "commit-rotate": "commit rotate master.secret -o child --proofs 3",
    "keys-commit-rotate": "commit rotate master.secret -o child2 --json",
    "commit-data": "commit data sealed.tacit one.npz -o data",
    "run": "run m.tacit --weights m.weights --input one.npz",
    "run-many": "run m.tacit --model model.secret --input many.npz",
    "run-out": "run sealed.tacit --weights sealed.weights --data data.secret -o answers.npz",
    "keys-run": "run m.tacit --weights m.weights --input many.npz --json",
    "evaluate": f"{EVALUATE} --labels y.npy --original m.onnx",
    "evaluate-threshold": "evaluate bit.tacit --weights bit.weights --input x.npz --original m.onnx --threshold y[1]>=0.5",
    "evaluate-alone": f"{EVALUATE}",
    "keys-evaluate": f"{EVALUATE} --labels y.npy --original m.onnx --json",
    "prove": PROVE,
    "prove-profile": f"{PROVE} --profile",
    "keys-prove": f"{PROVE} --profile --json",
    "prove-sealed": "prove sealed.tacit --model child.secret --data data.secret --output-commitment answer -o sealed.proof",
    "verify": VERIFY,
    "keys-verify": f"{VERIFY} --json",
    "verify-sealed": "verify sealed.tacit sealed.proof --model master.commitment --rotation child.commitment"
    " --data data.commitment --output answer.commitment",
    "commit-threshold": "commit model bit.tacit bit.weights -o bit",
    "run-threshold": "run bit.tacit --weights bit.weights --input one.npz",
    "prove-threshold": "prove bit.tacit --model bit.secret --input one.csv -o bit.proof",
    "verify-threshold": "verify bit.tacit bit.proof --model bit.commitment",
    "keys-verify-threshold": "verify bit.tacit bit.proof --model bit.commitment --json",
    "inspect-threshold": "inspect bit.proof --program bit.tacit",
    "error-csv": "run bit.tacit --weights bit.weights --input wrong.csv",
    "inspect-program": "inspect m.tacit",
    "inspect-program-sealed": "inspect sealed.tacit",
    "inspect-weights": "inspect m.weights",
    "inspect-model-commitment": "inspect model.commitment",
    "inspect-model-secret": "inspect model.secret",
    "inspect-master-commitment": "inspect master.commitment",
    "inspect-master-secret": "inspect master.secret",
    "inspect-child-commitment": "inspect child.commitment",
    "inspect-child-secret": "inspect child.secret",
    "inspect-data-commitment": "inspect data.commitment",
    "inspect-data-secret": "inspect data.secret",
    "inspect-answer-commitment": "inspect answer.commitment",
    "inspect-answer-secret": "inspect answer.secret",
    "inspect-proof": "inspect out.proof",
    "inspect-journal": "inspect model.secret.journal",
    "refused-checksum": "verify m.tacit damaged.proof --model model.commitment",
    "refused-checksum-json": "verify m.tacit damaged.proof --model model.commitment --json",
    "refused-no-commitment": "verify m.tacit out.proof",
    "refused-security": f"{VERIFY} --security 150",
    "error-missing-file": "compile m.onnx --calibration none.npz",
    "error-kind-of-file": "commit model m.weights m.tacit -o other",
    "error-exists": "commit model m.tacit m.weights",
    "error-bits": f"{COMPILE} --weight-bits 33",
    "error-context": "verify m.tacit out.proof --model model.commitment --context c0f",
    "error-range": "prove m.tacit --model model.secret --input far.npz",
    "error-range-json": "prove m.tacit --model model.secret --input far.npz --json",
    "error-run-range": "run m.tacit --weights m.weights --input far.npz",
    "error-run-weights": "run m.tacit --input one.npz",
    "error-labels": f"{EVALUATE} --labels one.npz",
    "error-other-weights": "commit model m.tacit sealed.weights -o other",
    "error-allowance": "commit rotate master.secret -o child3",
    "commit-renew": "commit renew model.secret -o renewed",
    "keys-commit-renew": "commit renew again.secret -o renewed2 --json",
    "check-renewal": "commit check-renewal model.commitment renewed.renewal",
    "keys-check-renewal": "commit check-renewal model.commitment renewed.renewal --json",
    "inspect-renewal": "inspect renewed.renewal",
    "error-renewed": "prove m.tacit --model model.secret --input one.npz",
    "error-renewed-twice": "commit renew model.secret -o renewed3",
    "error-counter": "prove m.tacit --model renewed.secret --input one.npz --counter here",
}
#: What the first step of `tacit prove` ends in, for the exit codes that no input brings about.
RAISED = {"bug": AttributeError("unexpected"), "interrupted": KeyboardInterrupt()}
HELP = (
    "",
    "compile",
    "commit",
    "commit model",
    "commit data",
    "commit rotate",
    "commit renew",
    "run",
    "evaluate",
    "prove",
    "verify",
)
HELP += ("inspect", "demo", "commit check-renewal")


def help_name(command: str) -> str:
    return "-".join(["help", *command.split()])


NAMES = (*COMMANDS, *RAISED, *map(help_name, HELP))

# --- what is masked ---------------------------------------------------------------------------------------------------

TIME = r"(?:\d[\d.]* (?:µs|ms|s)|\d+ min \d+ s)"
SIZE = r"\d[\d,.]* (?:B|KiB|MiB|GiB)"
MASKS = (
    (rf"^(took +){TIME}$", r"\1<time>"),
    (rf"^(accepted in ){TIME}$", r"\1<time>"),
    (rf"^(peak memory +){SIZE}$", r"\1<memory>"),
    (r"^phase +time +share$", "phase  time  share"),
    (rf"^(?! )(\w[\w ]*?) +{TIME} +\d+ %$", r"\1  <time>  <share>"),
    (rf"^((?:publish|proof) +\S+\.(?:commitment|proof)) \({SIZE}\)$", r"\1 (<size>)"),
    (rf"^((?:validity|argument) bytes +){SIZE}$", r"\1<size>"),
    (rf"^(bytes +){SIZE}(?=\nkind +(?:commitment|secret|proof)$)", r"\1<size>"),
    (r"^Traceback \(most recent call last\):\n(?:.*\n)*?(?=AttributeError)", "<trace>\n"),
)


def masked(text: str, digests: set[str]) -> str:
    """`digests`: the programs', which are the same everywhere and stay."""
    text = "\n".join(line.rstrip() for line in text.splitlines())
    for pattern, placeholder in MASKS:
        text = re.sub(pattern, placeholder, text, flags=re.MULTILINE)
    return re.sub(r"\b[0-9a-f]{64}\b", lambda found: found[0] if found[0] in digests else "<digest>", text)


def keys(value: Any, path: str = "") -> Iterator[str]:
    """`path: type` of every leaf of JSON data."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from keys(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        yield from dict.fromkeys(line for item in value for line in keys(item, f"{path}[]"))
    else:
        numbers = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield f"{path}: {'number' if numbers else type(value).__name__}"


def plain_help(text: str) -> str:
    """The words of a help page: no boxes, no columns, and no names of types, which every release of typer writes anew."""
    lines = []
    for line in re.sub("[\u2500-\u257f]", " ", text).splitlines():
        line = re.sub(r"<(?:bool|path|str|int|float|int range)>|\b(?:INTEGER(?: RANGE)?|FLOAT|TEXT|PATH)\b", "", line)
        line = re.sub(r"[\[<]([a-z]+(?:\|[a-z]+)+)[\]>]", r"<\1>", line).replace("[default: None]", "")
        # Some releases put an argument's name in Python before its own (M.tacit), or in its place where the two agree.
        line = re.sub(r"^ *\* +[a-z_]+ +(?=[A-Z]+\.)", "* ", line)
        line = re.sub(r"^ *\* +[a-z_]+ ", lambda found: found[0].upper(), line)
        line = re.sub(r"\{([\w.]+)\}", r"\1", line)
        lines.append(" ".join(line.split()))
    return "\n".join(line for line in lines if line)


# --- running ----------------------------------------------------------------------------------------------------------


def small_network() -> onnx.ModelProto:
    """y = W2 relu(W1 x + b1) + b2 in eighths."""
    shapes = {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "b2": (2,)}
    constants = []
    for name, shape in shapes.items():
        eighths = np.arange(int(np.prod(shape))) * 7 % 13 - 6
        constants.append(numpy_helper.from_array((eighths / 8).reshape(shape).astype(np.float32), name))
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
            helper.make_node("Relu", ["h"], ["a"]),
            helper.make_node("Gemm", ["a", "w2", "b2"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def printed(command: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command line."""
    gc.collect()  # a command is a process of its own: a secret that an earlier error's frames hold would still be locked
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(command.split())
    return code, out.getvalue(), err.getvalue()


def shot(command: str, code: int, out: str, err: str) -> str:
    parts = [f"$ tacit {command}", f"exit code {code}", "--- stdout", out.rstrip("\n"), "--- stderr", err.rstrip("\n")]
    return "\n".join(part for part in parts if part) + "\n"


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every command prints, masked, by name."""
    folder = tmp_path_factory.mktemp("snapshots")
    samples = ((np.arange(64) * 5 % 33 - 16) / 16).reshape(16, 4).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(console, "PATIENCE", 3600.0)  # a slow machine says no more than a fast one
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
            patch.delenv(name, raising=False)
        onnx.save(small_network(), "m.onnx")
        np.savez("x.npz", x=samples)
        np.savez("one.npz", x=samples[:1])
        np.savez("far.npz", x=np.full((1, 4), 1e6))
        np.savez("many.npz", x=np.concatenate([samples[:9], np.full((1, 4), 1e6)]))
        np.savetxt("one.csv", samples[:1], delimiter=",", header="a,b,c,d", comments="")
        Path("wrong.csv").write_text("a,b,c,d\n0,0.5,,1\n", encoding="utf-8")
        np.save("y.npy", np.arange(10) % 2)
        raw: dict[str, tuple[str, int, str, str]] = {}
        for name, command in COMMANDS.items():
            code, out, err = printed(command)
            assert code == 0 or not name.startswith("keys-prove"), (out, err)
            if name.startswith("keys-"):
                out = "\n".join(keys(json.loads(out)))
            if name == "keys-prove":
                Path("damaged.proof").write_bytes(Path("out.proof").read_bytes()[:-1] + b"\0")
            raw[name] = (command, code, out, err)
        for name, error in RAISED.items():

            def end(*_: object, error: BaseException = error) -> None:
                raise error

            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(files, "read_context", end)
                raw[name] = (PROVE, *printed(PROVE))
        digests = {json.loads(printed(f"inspect {n}.tacit --json")[1])["digest"] for n in ("m", "sealed", "bit")}
        found = {name: masked(shot(*parts), digests) + "\n" for name, parts in raw.items()}
    return found | help_pages()


def help_pages() -> dict[str, str]:
    """By a process of its own: typer looks at the terminal when it is imported."""
    script = f"from tacit.cli.app import run\nfor c in {HELP!r}: run([*c.split(), '--help']); print('\\f', end='', flush=True)"
    hidden = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"COLUMNS": "250", "TERM": "dumb", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, encoding="utf-8", check=True
    )
    pages = done.stdout.split("\f")
    return {help_name(c): plain_help(page) + "\n" for c, page in zip(HELP, pages[:-1], strict=True)}


# --- comparing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str, shots: dict[str, str]) -> None:
    file = FOLDER / f"{name}.txt"
    if os.environ.get("TACIT_WRITE_SNAPSHOTS") == "1":
        file.write_text(shots[name], encoding="utf-8")
    assert file.exists(), f"no {file.name}: write it with {REWRITE}"
    kept = file.read_text(encoding="utf-8")
    if kept != shots[name]:
        lines = (text.splitlines() for text in (kept, shots[name]))
        difference = "\n".join(difflib.unified_diff(*lines, file.name, "printed now", lineterm=""))
        pytest.fail(f"{difference}\n\nif that is meant: {REWRITE}", pytrace=False)


def test_every_snapshot_has_a_test() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.txt" for name in NAMES}


@pytest.mark.parametrize(
    "line",
    [
        "took a while",
        "bytes    717 B\nkind     weights",
        "proof bytes   55.2 KiB",
        "prove seconds   2.97 ms",
        "queries 0  128.4     2^-grind",
        "publish   m.tacit, digest 6e723236786f8a3a...",
    ],
)
def test_masks_leave_what_is_the_same_everywhere(line: str) -> None:
    assert masked(line, set()) == line
