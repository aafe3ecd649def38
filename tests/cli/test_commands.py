"""The commands from end to end, on a small network: files, exit codes, JSON, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_network import Capture, prove_command, result, tiny, verify_command

import tacit
from tacit.api import cost
from tacit.cli.app import run
from tacit.graph import Node
from tacit.quantize.quantizer import RULES, Quantizer, QValue


def test_version(capsys: Capture) -> None:
    """One version, wherever it is written."""
    root = Path(__file__).parents[2]
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tacit {tacit.__version__}\n"
    for file in ("pyproject.toml", "Cargo.toml"):
        assert f'\nversion = "{tacit.__version__}"\n' in (root / file).read_text(encoding="utf-8")


def test_prove_shows_the_answer(folder: Path, capsys: Capture) -> None:
    """The one that a verifier reads in the statement; until then it is not verified."""
    assert run([*prove_command(folder, "shown.proof"), "--json"]) == 0
    proven = result(capsys)
    assert proven["verified"] is False
    assert run(verify_command(folder, "--json", proof="shown.proof")) == 0
    assert proven["outputs"] == result(capsys)["statement"]["outputs"]


def test_accepted(folder: Path, capsys: Capture) -> None:
    assert run(verify_command(folder, "--context", "c0ffee")) == 0
    out = capsys.readouterr().out
    assert "accepted" in out
    assert "hidden" in out


def test_statement_as_json_is_the_models_answer(folder: Path, capsys: Capture) -> None:
    import onnxruntime

    assert run(verify_command(folder, "--context", "0xc0ffee", "--json")) == 0
    found = result(capsys)
    assert found["accepted"] is True
    with np.load(folder / "one.npz") as one:
        (expected,) = onnxruntime.InferenceSession(str(folder / "m.onnx")).run(None, {"x": one["x"]})
    np.testing.assert_allclose(np.array(found["statement"]["outputs"]["y"]).ravel(), expected.ravel(), atol=0.05)
    assert any("input" in word for word in found["statement"]["hidden"])


@pytest.mark.parametrize("context", ["", "c0ffef", "c0ffee00"])
def test_another_context_is_refused(folder: Path, capsys: Capture, context: str) -> None:
    assert run(verify_command(folder, "--context", context, "--json")) == 1
    assert result(capsys)["error"]["kind"] == "refused"


def test_every_part_is_needed(folder: Path, capsys: Capture) -> None:
    assert run(["verify", str(folder / "m.tacit"), str(folder / "out.proof"), "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "commitments"


def test_another_model_is_refused(folder: Path, capsys: Capture) -> None:
    other = str(folder / "other")
    assert run(["commit", "model", str(folder / "m.tacit"), str(folder / "m.weights"), "-o", other]) == 0
    capsys.readouterr()
    assert run(verify_command(folder, "--context", "c0ffee", "--json", model="other.commitment")) == 1
    assert result(capsys)["error"]["kind"] == "refused"


def test_damaged_proof_is_refused(folder: Path, capsys: Capture) -> None:
    content = bytearray((folder / "out.proof").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "damaged.proof").write_bytes(content)
    assert run(verify_command(folder, "--context", "c0ffee", "--json", proof="damaged.proof")) == 1
    assert result(capsys)["error"]["slug"] == "checksum"


def test_wrong_kind_of_file(folder: Path, capsys: Capture) -> None:
    assert run(verify_command(folder, "--json", proof="m.tacit")) == 1
    assert result(capsys)["error"]["slug"] == "file_kind"


def test_secret_is_kept(folder: Path, capsys: Capture) -> None:
    before = (folder / "model.secret").read_bytes()
    command = ["commit", "model", str(folder / "m.tacit"), str(folder / "m.weights"), "-o", str(folder / "model")]
    assert run([*command, "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "exists"
    assert (folder / "model.secret").read_bytes() == before


def test_profile_chart_and_count(folder: Path, capsys: Capture) -> None:
    chart = folder / "phases.svg"
    command = prove_command(folder, "second.proof")
    assert run([*command, "--profile", "--chart", str(chart), "--json"]) == 0
    first = result(capsys)
    assert first["bytes"] == (folder / "second.proof").stat().st_size
    assert sum(first["profile"].values()) <= first["seconds"]
    assert chart.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert run([*command, "--json"]) == 0
    assert result(capsys)["remaining"]["model"] == first["remaining"]["model"] - 1


def test_chart_of_unknown_kind_spends_nothing(folder: Path, capsys: Capture) -> None:
    assert run(["inspect", str(folder / "model.secret"), "--json"]) == 0
    before = result(capsys)
    assert run([*prove_command(folder, "none.proof"), "--chart", "phases.doc", "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "chart"
    assert not (folder / "none.proof").exists()
    assert run(["inspect", str(folder / "model.secret"), "--json"]) == 0
    assert result(capsys) == before


def test_input_out_of_range(folder: Path, capsys: Capture) -> None:
    np.savez(folder / "far.npz", x=np.full((1, 6), 1e6, dtype=np.float32))
    command = prove_command(folder, "far.proof")
    command[command.index(str(folder / "one.npz"))] = str(folder / "far.npz")
    assert run([*command, "--json"]) == 1
    error = result(capsys)["error"]
    assert error["where"] == "x"
    assert "1e+06" in error["reason"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m.tacit", "program"),
        ("m.weights", "weights"),
        ("model.commitment", "commitment"),
        ("model.secret", "secret"),
        ("model.secret.journal", "journal"),
        ("out.proof", "proof"),
    ],
)
def test_inspect(folder: Path, capsys: Capture, name: str, kind: str) -> None:
    assert run(["inspect", str(folder / name), "--json"]) == 0
    found = result(capsys)
    assert found["kind"] == kind
    assert found["bytes"] == (folder / name).stat().st_size
    assert run(["inspect", str(folder / name)]) == 0
    assert kind in capsys.readouterr().out


def test_inspect_a_proof_with_its_program(folder: Path, capsys: Capture) -> None:
    assert run(["inspect", str(folder / "out.proof"), "--program", str(folder / "m.tacit"), "--json"]) == 0
    found = result(capsys)
    assert run(verify_command(folder, "--context", "c0ffee", "--json")) == 0
    statement = result(capsys)["statement"]
    assert found["claims"] == {"output y": statement["outputs"]["y"]}
    assert found["hidden"] == ["x", "values of model"]
    assert found["soundness"]["bits"] == pytest.approx(statement["security"], abs=0.01)


def test_inspect_counts_what_is_spent(folder: Path, capsys: Capture) -> None:
    assert run(["inspect", str(folder / "model.secret.journal"), "--json"]) == 0
    before = result(capsys)["spent"]
    assert run([*prove_command(folder, "third.proof"), "--json"]) == 0
    capsys.readouterr()
    assert run(["inspect", str(folder / "model.secret.journal"), "--json"]) == 0
    assert result(capsys)["spent"] == before + 1


def test_inspect_something_else(folder: Path, capsys: Capture) -> None:
    (folder / "notes.txt").write_text("nothing of this package")
    assert run(["inspect", str(folder / "notes.txt"), "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "magic"
    assert run(["inspect", str(folder / "x.npz"), "--json"]) == 0
    assert result(capsys)["arrays"][0]["name"] == "x"


BITS = ("--activation-bits", "--weight-bits", "--input-bits", "--output-bits")


@pytest.mark.parametrize("option", BITS)
def test_bits_decide_the_precision(folder: Path, capsys: Capture, option: str) -> None:
    """Four bits of anything are coarser than what is chosen without the option."""
    command = [
        "compile",
        f"{folder}/m.onnx",
        "--calibration",
        f"{folder}/x.npz",
        "-o",
        f"{folder}/bits.tacit",
        "--json",
    ]
    assert run(command) == 0
    usual = result(capsys)["report"]["outputs"]["y"]["relative"]
    assert run([*command, option, "4"]) == 1
    assert result(capsys)["error"]["slug"] == "accuracy"
    assert run([*command, option, "4", "--max-error", "2"]) == 0
    told = capsys.readouterr()
    assert "warning: output y: a relative error of" in told.err
    assert json.loads(told.out)["report"]["outputs"]["y"]["relative"] > 20 * usual


def test_checkpoints_of_an_architecture_have_one_program(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    found = set()
    for seed in range(3):
        (tmp_path / "net.onnx").write_bytes(tiny(seed))
        command = ["compile", str(tmp_path / "net.onnx"), "--calibration", str(folder / "x.npz"), "--architecture-only"]
        assert run([*command, "-o", str(tmp_path / f"{seed}.tacit"), "--json"]) == 0
        found.add(result(capsys)["digest"])
        found.add((tmp_path / f"{seed}.tacit").read_bytes())
    assert len(found) == 2  # a digest, and the bytes of a file


@pytest.mark.parametrize("option", BITS)
@pytest.mark.parametrize("bits", [-3, 1, 33])
def test_bits_out_of_range(folder: Path, capsys: Capture, option: str, bits: int) -> None:
    command = ["compile", f"{folder}/m.onnx", "--calibration", f"{folder}/x.npz", "-o", f"{folder}/none.tacit"]
    assert run([*command, option, str(bits), "--json"]) == 1
    error = result(capsys)["error"]
    assert (error["slug"], error["where"]) == ("bits", option[2:].replace("-", "_"))
    assert error["reason"] == f"expected 2 to 32 bits, got {bits}"
    assert not (folder / "none.tacit").exists()


@pytest.mark.parametrize("headroom", ["nan", "inf", "0.5", "1e+10"])
def test_headroom_is_a_factor(folder: Path, capsys: Capture, headroom: str) -> None:
    command = ["compile", f"{folder}/m.onnx", "--calibration", f"{folder}/x.npz", "-o", f"{folder}/none.tacit"]
    assert run([*command, "--headroom", headroom, "--json"]) == 1
    error = result(capsys)["error"]
    assert (error["slug"], error["where"]) == ("headroom", "headroom")
    assert error["reason"] == f"expected a factor from 1 to 65536, got {headroom}"


def test_public_weights_are_compared(folder: Path, capsys: Capture) -> None:
    here, name = str(folder), str(folder / "public")
    command = ["compile", f"{here}/m.onnx", "--calibration", f"{here}/x.npz", "-o", f"{name}.tacit"]
    assert run([*command, "--weights", "public"]) == 0
    assert run(["commit", "model", f"{name}.tacit", f"{name}.weights", "-o", name]) == 0
    files = ["--model", f"{name}.secret", "--input", f"{here}/one.npz", "-o", f"{name}.proof"]
    assert run(["prove", f"{name}.tacit", *files]) == 0
    capsys.readouterr()
    verify = ["verify", f"{name}.tacit", f"{name}.proof", "--json", "--model"]
    assert run([*verify, f"{name}.weights"]) == 0
    assert result(capsys)["accepted"] is True
    assert run([*verify, f"{name}.commitment"]) == 1
    assert result(capsys)["error"]["slug"] == "commitments"


def test_committed_input_and_threshold(folder: Path, capsys: Capture) -> None:
    here, name = str(folder), str(folder / "both")
    command = ["compile", f"{here}/m.onnx", "--calibration", f"{here}/x.npz", "-o", f"{name}.tacit"]
    assert run([*command, "--input", "committed", "--threshold", "y[1]>=0.1"]) == 0
    assert run(["commit", "model", f"{name}.tacit", f"{name}.weights", "-o", f"{name}-model"]) == 0
    assert run(["commit", "data", f"{name}.tacit", f"{here}/one.npz", "-o", f"{name}-data"]) == 0
    secrets = ["--model", f"{name}-model.secret", "--data", f"{name}-data.secret"]
    assert run(["prove", f"{name}.tacit", *secrets, "-o", f"{name}.proof"]) == 0
    capsys.readouterr()
    public = ["--model", f"{name}-model.commitment", "--data", f"{name}-data.commitment"]
    assert run(["verify", f"{name}.tacit", f"{name}.proof", *public, "--json"]) == 0
    found = result(capsys)["statement"]
    (bits,) = found["integers"].values()
    assert set(np.array(bits).ravel().tolist()) <= {0, 1}
    assert found["inputs"] == {}


def test_committed_outputs(folder: Path, capsys: Capture) -> None:
    here, name = str(folder), str(folder / "sealed")
    command = ["compile", f"{here}/m.onnx", "--calibration", f"{here}/x.npz", "-o", f"{name}.tacit"]
    assert run([*command, "--outputs", "committed"]) == 0
    assert run(["commit", "model", f"{name}.tacit", f"{name}.weights", "-o", f"{name}-model"]) == 0
    prove = ["prove", f"{name}.tacit", "--model", f"{name}-model.secret", "--input", f"{here}/one.npz", "--json"]
    prove += ["-o", f"{name}.proof"]
    capsys.readouterr()
    assert run(prove) == 1
    assert result(capsys)["error"]["slug"] == "output_commitment"
    assert run([*prove, "--output-commitment", f"{name}-answer"]) == 0
    found = result(capsys)
    assert found["output_commitment"] == f"{name}-answer.commitment"
    assert np.array(found["outputs"]["y"]).size == 2
    for kind in ("commitment", "secret"):
        assert run(["inspect", f"{name}-answer.{kind}", "--json"]) == 0
        about = result(capsys)
        assert (about["kind"], about["role"]) == (kind, "output")
    # A second proof may not take the place of the first one's commitment, nor stand without one.
    kept = Path(f"{name}-answer.secret").read_bytes()
    assert run([*prove, "--output-commitment", f"{name}-answer"]) == 1
    assert result(capsys)["error"]["slug"] == "exists"
    assert Path(f"{name}-answer.secret").read_bytes() == kept
    verify = ["verify", f"{name}.tacit", f"{name}.proof", "--model", f"{name}-model.commitment", "--json"]
    assert run([*verify, "--output", f"{name}-answer.commitment"]) == 0
    statement = result(capsys)["statement"]
    assert statement["outputs"] == {}
    assert "output y" in statement["hidden"]
    assert run(verify) == 1
    assert result(capsys)["error"]["slug"] == "commitments"
    assert run([*prove_command(folder, "none.proof"), "--output-commitment", f"{name}-x", "--json"]) == 1
    assert result(capsys)["error"]["slug"] == "output_commitment"


def test_many_proofs_say_what_they_cost(folder: Path, capsys: Capture) -> None:
    program = str(folder / "many.tacit")
    model, samples = str(folder / "m.onnx"), str(folder / "x.npz")
    assert run(["compile", model, "--calibration", samples, "--proofs", "1025", "-o", program]) == 0
    told = capsys.readouterr().err
    assert run(["commit", "model", program, str(folder / "many.weights"), "-o", str(folder / "many")]) == 0
    again = capsys.readouterr().err
    for text in (told, again):
        assert text.count("compiled for 1025 proofs") == 1
        assert "tacit commit model --children 32, tacit commit rotate" in text


def test_a_secret_that_could_not_be_saved(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "MOST_BYTES", 1000)
    command = ["commit", "model", str(folder / "m.tacit"), str(folder / "m.weights"), "-o", str(folder / "huge")]
    assert run([*command, "--json"]) == 1
    found = result(capsys)["error"]
    assert (found["slug"], found["expected"]) == ("too_large", "at most 1000 bytes")
    assert not list(folder.glob("huge*"))


def test_a_scale_that_is_lost_is_a_bug(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that says another scale than the graph's value has: exit 2, the node named, nothing written."""
    rule = RULES["Relu"]

    def moved(q: Quantizer, node: Node) -> QValue:
        v = rule(q, node)
        return replace(v, value=replace(v.value, frac=v.frac + 1))

    monkeypatch.setitem(RULES, "Relu", moved)
    out = folder / "lost.tacit"
    assert run(["compile", f"{folder}/m.onnx", "--calibration", f"{folder}/x.npz", "-o", str(out), "--json"]) == 2
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["kind"] == "bug"
    assert "CompilerBug" in error["reason"]
    assert "Gemm_2/MatMul" in error["reason"]
    assert not out.exists()
