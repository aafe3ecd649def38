"""Everything that the commands print, word for word: tests/cli/snapshots/NAME.txt.

Only what differs between runs is masked (`shots`). The network's numbers are exact in binary, so that all else is alike
on every machine. TACIT_WRITE_SNAPSHOTS=1 writes the files anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from shots import assert_files_are, compare, help_name, help_pages, masked, plain_folder, printed, shot, told

from tacit.cli import files

FOLDER = Path(__file__).parent / "snapshots"

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


NAMES = (*COMMANDS, *RAISED, *map(help_name, HELP))

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


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every command prints, masked, by name."""
    folder = tmp_path_factory.mktemp("snapshots")
    samples = ((np.arange(64) * 5 % 33 - 16) / 16).reshape(16, 4).astype(np.float32)
    with plain_folder(folder):
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
            if name == "keys-prove":
                Path("damaged.proof").write_bytes(Path("out.proof").read_bytes()[:-1] + b"\0")
            raw[name] = (command, code, told(name, out), err)
        for name, error in RAISED.items():

            def end(*_: object, error: BaseException = error) -> None:
                raise error

            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(files, "read_context", end)
                raw[name] = (PROVE, *printed(PROVE))
        digests = {json.loads(printed(f"inspect {n}.tacit --json")[1])["digest"] for n in ("m", "sealed", "bit")}
        found = {name: masked(shot(*parts), digests) + "\n" for name, parts in raw.items()}
    return found | help_pages(HELP)


# --- comparing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str, shots: dict[str, str]) -> None:
    compare(FOLDER / f"{name}.txt", shots[name], __file__)


def test_every_snapshot_has_a_test() -> None:
    assert_files_are(FOLDER, NAMES)


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
