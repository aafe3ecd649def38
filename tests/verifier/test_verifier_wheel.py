"""The package `tacit-verifier` and its command, installed alone: they say what `tacit` says, and refuse what it refuses."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import subprocess
import sys
import textwrap
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit import console
from tacit.api.results import Statement

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = b"nonce 1"

pytestmark = pytest.mark.slow


def network() -> onnx.ModelProto:
    """y = relu(x W + b), 3 -> 2."""
    rng = np.random.default_rng(7)
    weights = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    nodes = [
        helper.make_node("MatMul", ["x", "W"], ["s"]),
        helper.make_node("Add", ["s", "b"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    value = lambda name, n: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n])  # noqa: E731
    constants = [numpy_helper.from_array(v.astype(np.float32), n) for n, v in weights.items()]
    graph = helper.make_graph(nodes, "toy", [value("x", 3)], [value("y", 2)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@dataclass
class Case:
    """The files of one proof, by the keyword that each is given under."""

    program: Path
    proof: Path
    commitments: dict[str, Path]
    statement: Statement


SAMPLES = np.random.default_rng(3).uniform(-1, 1, size=(64, 3))


def saved(folder: Path, name: str, **options: object) -> Case:
    """A proof of the network with these options of `compile`, and its files; `master`: with a child."""
    master = options.pop("master", False)
    program, weights = tacit.compile(network(), calibration={"x": SAMPLES}, proofs=2, **options)
    at = lambda suffix: folder / f"{name}{suffix}"  # noqa: E731
    program.save(at(".tacit"))
    given: dict[str, tacit.Commitment] = {}
    files: dict[str, Path] = {}
    model = tacit.commit_model(program, weights, children=2 if master else 0)
    if master:
        given["rotation"] = (child := model.rotate()).commitment
        given["model"] = model.commitment
        model = child
    elif options.get("weights") != "public":
        given["model"] = model.commitment
    else:
        weights.save(at(".weights"))
        files["model"] = at(".weights")
    x = {"x": SAMPLES[:1]}
    data = tacit.commit_data(program, x) if options.get("input") == "committed" else None
    proof = tacit.prove(program, model, None if data else x, data=data, context=CONTEXT)
    if data is not None:
        given["data"] = data.commitment
    if proof.output is not None:
        given["output"] = proof.output.commitment
    for role, commitment in given.items():
        files[role] = at(f".{role}.commitment")
        commitment.save(files[role])
    proof.save(at(".proof"))
    known = tacit.Program.load(at(".tacit"))  # as a stranger has it: nobody checked it here
    named = {**given, **({"model": weights} if "model" not in given else {})}
    return Case(at(".tacit"), at(".proof"), files, tacit.verify(known, proof, context=CONTEXT, **named))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("cases")
    return {
        "plain": saved(folder, "plain", input="public"),
        "private": saved(folder, "private", input="private"),
        "committed": saved(folder, "committed", input="committed", outputs="committed"),
        "public": saved(folder, "public", weights="public"),
        "child": saved(folder, "child", master=True),
        "threshold": saved(folder, "threshold", threshold=("y", 1, 0.1)),
    }


def built(folder: Path) -> Path:
    """The wheel of this tree, by one process at a time: the build has one folder."""
    build = [sys.executable, str(ROOT / "scripts" / "wheel.py"), "--out", str(folder), "--no-zig", "--only-verifier"]
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "verifier.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([*build, "--profile", "release"], check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("tacit_verifier-*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that has the wheel and NumPy, and no ONNX.

    The wheel is built here, unless TACIT_VERIFIER_WHEEL names one (`make wheel`).
    """
    folder = tmp_path_factory.mktemp("alone")
    wheel = Path(os.environ["TACIT_VERIFIER_WHEEL"]) if "TACIT_VERIFIER_WHEEL" in os.environ else built(folder)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    # NumPy without a network: that of this environment, and nothing else of it.
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "numpy").symlink_to(Path(np.__file__).parent)
    libraries = Path(np.__file__).parent.parent / "numpy.libs"
    if libraries.exists():
        (site / "numpy.libs").symlink_to(libraries)
    return python


def alone(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run([str(python), *arguments], capture_output=True, text=True, env=environment, check=False)


def script(python: Path, text: str, *arguments: str) -> str:
    run = alone(python, "-c", textwrap.dedent(text), *arguments)
    assert run.returncode == 0, run.stderr
    return run.stdout


def command(python: Path, *arguments: str | Path) -> tuple[int, dict]:
    run = alone(python, "-m", "tacit_verifier", "--json", *map(str, arguments))
    return run.returncode, json.loads(run.stdout)


def test_nothing_but_numpy_is_needed(python: Path) -> None:
    loaded = script(
        python,
        """
        import importlib.util, sys
        import tacit_verifier
        for name in ("onnx", "onnxruntime", "onnxsim", "tacit", "Crypto"):
            assert importlib.util.find_spec(name) is None, name
        print(tacit_verifier.__version__)
        """,
    )
    assert loaded.strip() == tacit.__version__


@pytest.mark.parametrize("name", ["plain", "private", "committed", "public", "child", "threshold"])
def test_it_says_what_the_package_says(python: Path, cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    files = case.commitments.values()
    code, answer = command(python, case.program, case.proof, *files, "--context", CONTEXT.hex())
    assert code == 0, answer
    ours = console.plain(case.statement)
    assert answer["statement"] == json.loads(json.dumps(ours))
    assert answer["says"] == list(case.statement.says)


@pytest.mark.parametrize("name", ["plain", "child", "public"])
def test_the_call_gives_the_same_statement(python: Path, cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    found = script(
        python,
        """
        import dataclasses, json, sys
        import numpy as np
        from tacit_verifier import verify
        program, proof, files = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
        made = verify(program, proof, context=b"nonce 1", **files)
        again = verify(open(program, "rb").read(), proof, context=b"nonce 1", **files, known={"y": made.outputs["y"]})
        assert made.outputs["y"].dtype == np.float64 and made.integers["y"].dtype == np.int64
        fields = {f.name for f in dataclasses.fields(made)}
        print(json.dumps([sorted(fields), made.outputs["y"].tolist(), dict(made.digests), list(made.says)]))
        """,
        str(case.program),
        str(case.proof),
        json.dumps({role: str(path) for role, path in case.commitments.items()}),
    )
    fields, y, digests, says = json.loads(found)
    assert fields == sorted(f.name for f in dataclasses.fields(Statement))
    assert y == case.statement.outputs["y"].tolist()
    assert digests == dict(case.statement.digests)
    assert says == list(case.statement.says)


def test_what_is_tampered_with_is_refused(python: Path, cases: dict[str, Case], tmp_path: Path) -> None:
    case = cases["plain"]
    model = case.commitments["model"]
    changed = bytearray(case.proof.read_bytes())
    changed[len(changed) // 2] ^= 1
    tampered = tmp_path / "tampered.proof"
    tampered.write_bytes(changed)
    context = ("--context", CONTEXT.hex())
    for files, slug in [
        ((case.program, tampered, model, *context), "checksum"),
        ((case.program, case.proof, model), "grinding"),
        ((case.program, case.proof, *context), "commitments"),
        ((cases["private"].program, case.proof, model, *context), "program"),
        ((case.program, case.proof, case.proof, *context), "file_kind"),
        ((case.program, case.proof, model, "--security", "160", *context), "validity"),
    ]:
        code, answer = command(python, *files)
        assert (code, answer["error"]["slug"]) == (1, slug), answer
        assert {"kind", "reason", "where", "expected", "got", "next"} <= set(answer["error"])
    script(
        python,
        """
        import sys
        from tacit_verifier import InputError, InvalidProof, verify
        program, proof, model, tampered = sys.argv[1:]
        def refusal(kind, *arguments, **options):
            try:
                verify(*arguments, **options)
            except kind as error:
                assert error.remedy and str(error).startswith(error.place), error
                return error.slug
            raise AssertionError("accepted")
        assert refusal(InvalidProof, program, tampered, model=model) == "checksum"
        assert refusal(InvalidProof, program, proof, data=model, context=b"nonce 1") == "commitments"
        assert refusal(InvalidProof, program, proof, model=model, known={"y": [[9e9, 0]]}) == "grinding"
        assert refusal(InputError, program, proof, model=model, security=0) == "security"
        assert refusal(InputError, program, "/nowhere", model=model) == "file"
        assert refusal(InputError, program, proof, model=3) == "type"
        """,
        *map(str, (case.program, case.proof, model, tampered)),
    )


def test_a_known_value_is_compared(python: Path, cases: dict[str, Case], tmp_path: Path) -> None:
    case = cases["plain"]
    fixed = (case.program, case.proof, case.commitments["model"], "--context", CONTEXT.hex())
    y = case.statement.outputs["y"]
    np.save(tmp_path / "y.npy", y)
    (tmp_path / "y.json").write_text(json.dumps(y.tolist()))
    np.save(tmp_path / "other.npy", y + case.statement.outputs["y"].max() / 2)
    for name in ("y.npy", "y.json"):
        assert command(python, *fixed, "--public", f"y={tmp_path / name}")[0] == 0
    code, answer = command(python, *fixed, "--public", f"y={tmp_path / 'other.npy'}")
    assert (code, answer["error"]["slug"]) == (1, "public_value")


def test_the_code_of_the_guide_runs(python: Path, cases: dict[str, Case], tmp_path: Path) -> None:
    case = cases["plain"]
    for name, path in [
        ("model.tacit", case.program),
        ("answer.proof", case.proof),
        ("model.commitment", case.commitments["model"]),
    ]:
        (tmp_path / name).write_bytes(path.read_bytes())
    page = (ROOT / "docs" / "guides" / "verify-only.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert blocks
    script(python, "import os, sys\nos.chdir(sys.argv[1])\n" + "\n".join(blocks), str(tmp_path))
