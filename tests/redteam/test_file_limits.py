"""What a small hostile file may cost, file kind by file kind: each is read in a process whose address space is limited.

The limit is what the process has after one honest file of the kind, and ROOM. A reader that believes a length before it has
seen the bytes dies of it: the process is killed, or says MemoryError, and the test fails. A processor limit ends what hangs.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

import tacit
from tacit.reference.files import Kind, unwrap, wrap

Compiled = tuple[tacit.Program, tacit.Weights]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space")

#: Bytes of address space above what reading an honest file leaves.
ROOM = 2**27
#: Seconds of processor time of a whole process: far above what it takes; it ends what would not end.
HANG = 100
#: Lengths that are lies.
LIES = (2**32 - 1, 2**31 - 1, 2**24)

#: Reads every file of a folder, and says how many ended with which slug. What is no error of the package ends the process.
READER = """
import collections, json, resource, sys
from pathlib import Path
import tacit
from tacit.cli import files
from tacit.errors import TacitError
from tacit.importers import load
kind, folder, room, hang = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
honest = folder / "honest"

def proof(path):
    tacit.verify(program, tacit.Proof.load(path), model=commitment)

def commitment_of(path):
    return tacit.Commitment.load(path).accept()

def text(path):
    files.read_threshold(path.read_text(), ["y"])

def secret(path):
    (folder / "m.secret").write_bytes(path.read_bytes())
    return tacit.Secret.load(folder / "m.secret").remaining

def journal(path):
    (folder / "m.secret.journal").write_bytes(path.read_bytes())
    tacit.inspect(folder / "m.secret.journal")
    return tacit.Secret.load(folder / "m.secret").remaining

readers = {
    "program": lambda path: tacit.Program.load(path).estimate, "weights": tacit.Weights.load,
    "commitment": commitment_of, "renewal": commitment_of, "secret": secret, "journal": journal, "proof": proof,
    "onnx": load, "arrays": lambda path: files.pick(files.read_arrays(path), ["x"], place=str(path)), "text": text,
}
if kind == "proof":
    program, commitment = tacit.Program.load(folder / "p"), tacit.Commitment.load(folder / "c")
read = readers[kind]
told = tacit.inspect if kind in ("program", "weights", "commitment", "renewal", "proof") else lambda path: None
read(honest), told(honest)
size = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (size + room,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (hang, hang))
found = collections.Counter()
for path in sorted(folder.glob("*.hostile")):
    for step in (read, told):
        try:
            step(path)
            slug = "taken"
        except TacitError as error:
            slug = error.slug
        if step is read:
            found[slug] += 1
print(json.dumps(found))
"""


def budget(kind: str, folder: Path) -> dict[str, int]:
    """Slugs of the hostile files in the folder, each read within the limits."""
    count = len(list(folder.glob("*.hostile")))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RAYON_NUM_THREADS": "2"}
    command = [sys.executable, "-c", READER, kind, str(folder), str(ROOM), str(HANG)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, int] = json.loads(done.stdout)
    assert sum(found.values()) == count > 0
    return found


def lies(folder: Path, kind: Kind, path: Path, most: int = 60) -> None:
    """The file, with lengths that are lies at many places of its body, under a checksum that fits; and cut off."""
    data = path.read_bytes()
    (folder / "honest").write_bytes(data)
    body = unwrap(kind, data)
    near, far = range(0, min(160, len(body) - 4), 4), np.linspace(160, len(body) - 8, most).astype(int)
    for count, at in enumerate([*near, *(int(n) for n in far if n > 160)]):
        changed = bytearray(body)
        struct.pack_into("<I", changed, at, LIES[count % len(LIES)])
        (folder / f"{count}.hostile").write_bytes(wrap(kind, bytes(changed)))
        (folder / f"{count}.cut.hostile").write_bytes(wrap(kind, bytes(changed[: at + 4])))


@pytest.fixture(scope="module")
def made(compiled: Compiled, sample: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of every kind."""
    folder = tmp_path_factory.mktemp("made")
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    secret.save(folder / "m.secret")
    secret.commitment.save(folder / "commitment")
    tacit.prove(program, secret, sample).save(folder / "proof")
    program.save(folder / "program")
    weights.save(folder / "weights")
    other = tacit.commit_model(program, weights).renew().renewal
    assert other is not None
    other.save(folder / "renewal")
    return folder


@pytest.mark.parametrize("name", ["program", "weights", "commitment", "renewal", "proof"])
def test_files_of_the_package(name: str, made: Path, tmp_path: Path) -> None:
    lies(tmp_path, Kind.COMMITMENT if name == "renewal" else Kind[name.upper()], made / name)
    (tmp_path / "p").write_bytes((made / "program").read_bytes())
    (tmp_path / "c").write_bytes((made / "commitment").read_bytes())
    found = budget(name, tmp_path)
    assert found["encoding"] > 20
    assert "bug" not in found


def test_secrets_and_journals(made: Path, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "j").mkdir()
    lies(tmp_path / "s", Kind.SECRET, made / "m.secret")
    journal = (made / "m.secret.journal").read_bytes()
    (tmp_path / "s" / "m.secret.journal").write_bytes(journal)
    found = budget("secret", tmp_path / "s")
    assert found["encoding"] > 20
    assert "bug" not in found
    (tmp_path / "j" / "honest").write_bytes(journal)
    (tmp_path / "j" / "m.secret").write_bytes((made / "m.secret").read_bytes())
    for at in range(0, len(journal) - 4, 4):
        changed = bytearray(journal)
        struct.pack_into("<I", changed, at, LIES[at // 4 % len(LIES)])
        (tmp_path / "j" / f"{at}.hostile").write_bytes(bytes(changed))
    (tmp_path / "j" / "long.hostile").write_bytes(journal + bytes(2**22))
    found = budget("journal", tmp_path / "j")
    assert set(found) == {"magic", "allowance_damaged"}


def model(nodes: list[NodeProto], **constants: np.ndarray) -> onnx.ModelProto:
    """y = x + k."""
    graph = helper.make_graph(
        [*nodes, helper.make_node("Add", ["x", "k"], ["y"])],
        "hostile",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_models(tmp_path: Path) -> None:
    small = model([helper.make_node("ConstantOfShape", ["n"], ["k"])], n=np.array([1, 4]))
    onnx.save(small, tmp_path / "honest")
    side = np.array([2**14, 2**14])
    fill = helper.make_node("ConstantOfShape", ["n"], ["a"])
    total = helper.make_node("ReduceMean", ["a"], ["k"], keepdims=1)
    doubled = [helper.make_node("Concat", [f"c{i}"] * 8, [f"c{i + 1}"], axis=0) for i in range(10)]
    declared = model([], k=np.ones(4, np.float32))
    declared.graph.initializer[0].dims[0] = 2**30
    unbacked = model([], k=np.ones(4, np.float32))
    unbacked.graph.initializer[0].ClearField("raw_data")
    unbacked.graph.initializer[0].dims[0] = 2**30
    hostile = {
        "filled": model([fill, total], n=side),
        "product": model([fill, helper.make_node("MatMul", ["a", "a"], ["k"])], n=np.array([2048, 2048])),
        "doubled": model([*doubled, helper.make_node("Identity", ["c10"], ["k"])], c0=np.ones((1, 4), np.float32)),
        "range": model(
            [helper.make_node("Range", ["o", "n", "i"], ["k"])], o=np.array(0), n=np.array(2**40), i=np.array(1)
        ),
        "declared": declared,
        "unbacked": unbacked,
        "long": model([], **{"k": np.ones(4, np.float32), "n" * 2**20: np.ones(1, np.float32)}),
    }
    for name, proto in hostile.items():
        (tmp_path / f"{name}.hostile").write_bytes(proto.SerializeToString())
    content = small.SerializeToString()
    for at in range(len(content)):
        (tmp_path / f"{at}.hostile").write_bytes(content[:at] + b"\xff\xff\xff\xff\x07" + content[at + 5 :])
    found = budget("onnx", tmp_path)
    assert found["too_large"] >= 4
    assert found["not_onnx"] > 20


def test_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "honest.npz", x=np.ones(4))
    (tmp_path / "honest.npz").rename(tmp_path / "honest")
    for name, count, zeros in (("declared", 2**33, 100), ("unpacked", 2**26, 2**29)):
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}".ljust(118).encode()
        with (
            zipfile.ZipFile(tmp_path / f"{name}.hostile", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open("x.npy", "w") as file,
        ):
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
            for _ in range(zeros >> 24):
                file.write(bytes(2**24))
        with (tmp_path / f"{name}.single.hostile").open("wb") as single:
            single.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(100))
    assert budget("arrays", tmp_path) == {"arrays": 4}


def test_text(tmp_path: Path) -> None:
    """Thresholds, as the command line takes them."""
    (tmp_path / "honest").write_text("y[1]>=0.5")
    for count, text in enumerate(
        [
            "9" * 2**20,
            f"y[{'9' * 2**20}]>=1",
            f"y[{'1,' * 2**19}1]>=1",
            " " * 2**20 + "x" + " " * 2**16,
            "y[" * 2**19,
            f"{'y' * 2**20}>1",
            "y" + " " * 2**14 + ">1",
        ]
    ):
        (tmp_path / f"{count}.hostile").write_text(text)
    found = budget("text", tmp_path)
    assert found["threshold"] >= 4
