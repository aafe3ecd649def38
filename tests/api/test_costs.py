"""What a commitment will cost is known before it is made, and many proofs say so."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import Trained, train

import tacit
from tacit import _native
from tacit.api import cost
from tacit.api.cost import check_secret, costly
from tacit.errors import AllowanceExceeded, InvalidProof
from tacit.program import Program, Slab

#: The estimate is right within this factor.
FACTOR = 1.5
#: `tacit commit model`, then the most memory that it took.
COMMAND = """
import sys
from tacit.cli.app import run
code = run(["commit", "model", *sys.argv[1:3], "-o", sys.argv[3], "--json"])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
sys.exit(code)
"""


def middle() -> Trained:
    """41,000 weights, nobody trained them."""
    rng = np.random.default_rng(1)
    shapes = ((4, 8192), (8192,), (8192, 1), (1,))
    weights = tuple((rng.normal(size=s) / np.sqrt(s[0])).astype(np.float32) for s in shapes)
    return Trained(weights, rng.normal(size=(8, 4)).astype(np.float32))


@cache
def compiled(model: str, proofs: int) -> tuple[tacit.Program, tacit.Weights]:
    network = middle() if model == "middle" else train(3)
    return tacit.compile(network.onnx(), calibration={"x": network.samples}, proofs=proofs)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize(("model", "proofs"), [("small", 64), ("small", 4096), ("middle", 64), ("middle", 4096)])
def test_bytes_and_memory_within_the_factor(model: str, proofs: int, tmp_path: Path) -> None:
    program, weights = compiled(model, proofs)
    expected = program.estimate["commitments"]["model"]
    program.save(tmp_path / "m.tacit")
    weights.save(tmp_path / "m.weights")
    files = [str(tmp_path / name) for name in ("m.tacit", "m.weights", "m")]
    done = subprocess.run([sys.executable, "-c", COMMAND, *files], capture_output=True, text=True, check=True)
    peak = 1024 * int(done.stderr.split()[-1])
    assert 1 / FACTOR < expected["peak_bytes"] / peak < FACTOR
    for name in ("secret", "commitment"):
        # But for the length of the validity proof, known to the byte.
        assert expected[f"{name}_bytes"] == pytest.approx((tmp_path / f"m.{name}").stat().st_size, rel=0.05)


def test_a_commitment_for_fewer_proofs_costs_the_same(tmp_path: Path) -> None:
    program, weights = compiled("small", 64)
    sizes = []
    for proofs in (64, 1):
        path = tmp_path / f"{proofs}.secret"
        tacit.commit_model(program, weights, proofs=proofs).save(path)
        sizes.append(path.stat().st_size)
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)


def test_many_proofs_say_what_they_cost(capsys: pytest.CaptureFixture[str]) -> None:
    network = train(3)
    program, weights = tacit.compile(network.onnx(), calibration={"x": network.samples}, proofs=1025)
    told = capsys.readouterr().err
    expected = program.estimate["commitments"]["model"]
    mib = [float(found) for found in re.findall(r"([\d.]+) MiB", told)]
    wanted = [expected[name] / 2**20 for name in ("peak_bytes", "secret_bytes", "commitment_bytes")]
    assert mib == pytest.approx(wanted, rel=0.01)
    for words in (
        "tacit: compiled for 1025 proofs",
        "commit_model(children=32)",
        "Secret.rotate",
        "tacit commit rotate",
    ):
        assert words in told
    # 33 proofs of each of 32 children are enough, and a program for 33 proofs allows so many children.
    assert "Compiled for 33 proofs, a master makes 32 children of 33 proofs each" in told
    assert 32 * 33 >= 1025
    tacit.commit_model(program, weights)
    assert "compiled for 1025 proofs" in capsys.readouterr().err


def test_few_proofs_and_public_weights_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    network = train(3)
    for options in ({"proofs": 1024}, {"proofs": 5000, "weights": "public"}):
        program, _ = tacit.compile(network.onnx(), calibration={"x": network.samples}, **options)
        assert costly(program) == ""
    assert "proofs" not in capsys.readouterr().err


def test_the_advice_works() -> None:
    few, children = 33, 32
    network = train(3)
    program, weights = tacit.compile(network.onnx(), calibration={"x": network.samples}, proofs=few)
    master = tacit.commit_model(program, weights, children=children)
    child = master.rotate()
    assert master.children == children - 1
    assert child.remaining is not None
    assert child.remaining >= few


def test_a_secret_that_could_not_be_saved_is_refused_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = compiled("small", 64)
    check_secret(program, "model")
    found: dict[str, Any] = program.estimate["commitments"]["model"]
    body = found["secret_bytes"] - found["commitment_bytes"] - 52
    monkeypatch.setattr(cost, "MOST_BYTES", body - 1)
    with pytest.raises(AllowanceExceeded, match=f"expected at most {body - 1} bytes, got {body}") as refused:
        check_secret(program, "model")
    assert (refused.value.slug, refused.value.place) == ("too_large", "secret of the model")
    assert "--children" in refused.value.remedy
    monkeypatch.setattr(cost, "MOST_BYTES", body)
    check_secret(program, "model")


def test_the_body_of_a_secret_is_known_to_the_byte(tmp_path: Path) -> None:
    program, weights = compiled("small", 64)
    secret = tacit.commit_model(program, weights)
    secret.save(tmp_path / "m.secret")
    secret.commitment.save(tmp_path / "m.commitment")
    sizes = [(tmp_path / f"m.{name}").stat().st_size for name in ("secret", "commitment")]
    found = program.estimate["commitments"]["model"]
    assert sizes[0] - sizes[1] == found["secret_bytes"] - found["commitment_bytes"]


def test_a_program_without_a_validity_proof_has_no_estimate(case: Any) -> None:
    """An interval of the model that no validity program can say: an error of the file, not a bug."""
    native = case().program._native
    program = Program.decode(native.bytes())
    tensors = [replace(t, hi=t.hi - 1) if isinstance(t.place, Slab) else t for t in program.tensors]
    encoded = replace(program, tensors=tuple(tensors)).encode()
    odd = tacit.Program(_native.Program(encoded, native.geometry(), native.proofs, "{}", native.architecture))
    for look in (lambda: odd.estimate, lambda: tacit.inspect(odd)):
        with pytest.raises(InvalidProof) as refused:
            look()
        assert refused.value.slug == "schema"
