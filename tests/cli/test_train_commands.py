"""`tacit train ..`: a node that trains and a verifier, with files alone, word for word (tests/cli/train_snapshots).

TACIT_WRITE_SNAPSHOTS=1 writes the files anew; what differs between runs is masked as in `shots`, and here.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from shots import assert_files_are, compare, help_name, help_pages, masked, plain_folder, printed, shot, told

from tacit.cli.app import run

FOLDER = Path(__file__).parent / "train_snapshots"
SEED = "07" * 32
SCHEMA = "data schema t.csv --label outcome --range size=0:10 --range weight=0:8 --classes small,large -o s.schema"
TASK = "--schema s.schema --records 16 --batch 4 --proofs 8 --name fruit"
FIT = f"t.csv --schema s.schema --base t.npz --seed {SEED}"
PROVE = f"train prove t.train {FIT} --data data.secret"
PRIVATE = "train prove p.train t.csv --schema s.schema --base p.npz --data pdata.secret"
VERIFY = f"train verify t.train next.proof --base t.npz --next next.npz --data data.commitment --seed {SEED}"
PREDICT = "train predict t.train new.csv --schema s.schema --model next.npz"
#: One after the other, in one folder; `keys-..`: the names and types of the JSON that it prints.
COMMANDS = {
    "schema": SCHEMA,
    "compile": f"train compile mlp:2,4,2 {TASK} --steps 6 --rate 0.5 -o t.train",
    "compile-private": f"train compile mlp:2,2 {TASK} --steps 3 --rate 2:0.5 --rate 1:0.1 --base private --next private"
    " --momentum 0.5 --decay 0.01 --order committed --calibration t.csv -o p.train",
    "keys-compile": f"train compile mlp:2,2 {TASK} --steps 1 --rate 0.5 --calibration t.csv -o k.train --json",
    "show": "train show t.train",
    "keys-show": "train show p.train --json",
    "check": "train check t.train --schema s.schema",
    "check-alone": "train check t.train",
    "keys-check": "train check t.train --json",
    "commit": "train commit t.train t.csv --schema s.schema",
    "keys-commit": "train commit p.train t.csv --schema s.schema -o pdata --json",
    "keys-commit-again": "train commit t.train t.csv --schema s.schema -o twice --json",
    "commit-base": "train commit-base p.train p.npz -o pmodel",
    "fit": f"train fit t.train {FIT} -o fitted.npz",
    "keys-fit": f"train fit t.train {FIT} -o again.npz --json",
    "prove": f"{PROVE} --context c0ffee",
    "keys-prove": f"{PROVE} -o other --json",
    "prove-private": f"{PRIVATE} --base-secret pmodel.secret -o pnext",
    "verify": f"{VERIFY} --context c0ffee --schema s.schema",
    "verify-private": "train verify p.train pnext.proof --base pmodel.commitment --next pnext.commitment"
    " --data pdata.commitment --known",
    "keys-verify": f"{VERIFY} --context c0ffee --json",
    "predict": PREDICT,
    "keys-predict": f"{PREDICT} --json",
    "predict-proven": "train predict t.train one.csv --schema s.schema --model next.npz -o one.proof --context c0ffee",
    "predict-private": "train predict p.train one.csv --schema s.schema --model pnext.secret -o private.proof",
    "keys-export-private": "train export p.train -o private --json",
    "keys-verify-prediction-private": "verify private/infer.tacit private.proof --model pnext.commitment --json",
    "export": "train export t.train --model next.npz -o public",
    "verify-prediction": "verify public/infer.tacit one.proof --model public/infer.weights --context c0ffee --schema s.schema",
    "keys-verify-prediction": "verify public/infer.tacit one.proof --model public/infer.weights --context c0ffee --json",
    "keys-data-prove": "data prove public/dataset.tacit s.schema --data data.secret --ids 0:15 -o data.proof --json",
    "keys-data-verify": "data verify public/dataset.tacit s.schema data.proof --data data.commitment --json",
    "inspect-deployment": "inspect t.train",
    "inspect-proof": "inspect next.proof",
    "keys-inspect-prediction": "inspect one.proof --program public/infer.tacit --schema s.schema --json",
    "error-inspect-schema": "inspect one.proof --schema s.schema",
    "refused-context": f"{VERIFY} --known",
    "refused-next": f"{VERIFY.replace('next.npz', 'moved.npz')} --context c0ffee --known",
    "refused-base": f"{VERIFY.replace('--base t.npz', '--base next.npz')} --context c0ffee --known",
    "refused-seed": f"{VERIFY.replace('07', '08')} --context c0ffee --known",
    "refused-data": f"{VERIFY.replace('data.commitment', 'pdata.commitment')} --context c0ffee --known",
    "refused-data-of-others": f"{VERIFY.replace('data.commitment', 'twice.commitment')} --context c0ffee --known",
    "refused-deployment": VERIFY.replace("t.train", "k.train"),
    "refused-programs": VERIFY.replace("t.train", "forged.train"),
    "refused-proof": VERIFY.replace("next.proof", "one.proof"),
    "refused-private-next": "train verify p.train pnext.proof --base pmodel.commitment --next data.commitment"
    " --data pdata.commitment --known",
    "error-other-records": f"{PROVE.replace('t.csv', 'flipped.csv')} -o wrong",
    "error-count": f"{PROVE.replace('t.csv', 'few.csv')} -o wrong",
    "error-other-schema": f"{PROVE.replace('s.schema', 'o.schema')} -o wrong",
    "error-prediction-schema": "verify public/infer.tacit one.proof --model public/infer.weights --schema o.schema",
    "error-seed": f"{PROVE.replace(SEED, '07')} -o wrong",
    "error-no-seed": f"{PROVE.replace('--seed ' + SEED, '')} -o wrong",
    "error-no-base-secret": f"{PRIVATE} -o wrong",
    "error-model-of-others": f"{PROVE.replace('t.npz', 'p.npz')} -o wrong",
    "error-model-pickled": f"{PROVE.replace('t.npz', 'pickled.npz')} -o wrong",
    "error-model-huge": f"{PROVE.replace('t.npz', 'huge.npz')} -o wrong",
    "error-model-floats": f"{PROVE.replace('t.npz', 'floats.npz')} -o wrong",
    "error-model-range": f"{PROVE.replace('t.npz', 'range.npz')} -o wrong",
    "error-no-deployment": "train show s.schema",
    "error-output-is-input": f"{PROVE} -o t",
    "error-output-exists": f"{PRIVATE} --base-secret pmodel.secret -o pdata",
    "error-widths": f"train compile mlp:2,x {TASK} --steps 6 --rate 0.5 -o wrong.train",
    "error-rate": f"train compile mlp:2,2 {TASK} --steps 6 --rate fast -o wrong.train",
    "error-rates": f"train compile mlp:2,2 {TASK} --steps 6 --rate 2:0.5 -o wrong.train",
    "error-many-predictions": f"{PREDICT} -o wrong.proof",
}
HELP = (
    "train",
    *(f"train {n}" for n in ("compile", "show", "check", "export", "commit", "commit-base")),
    *(f"train {n}" for n in ("fit", "prove", "verify", "predict")),
)


NAMES = (*COMMANDS, *map(help_name, HELP))


def table(rng: np.random.Generator, rows: int) -> str:
    size, weight = rng.integers(0, 40, rows) / 4, rng.integers(0, 32, rows) / 4
    lines = [f"{s},{w},{'large' if s + w > 8 else 'small'}" for s, w in zip(size, weight, strict=True)]
    return "\n".join(["size,weight,outcome", *lines]) + "\n"


def write_inputs() -> None:
    """What the commands read, and no command wrote."""
    text = table(np.random.default_rng(5), 16)
    Path("t.csv").write_text(text, encoding="utf-8")
    Path("flipped.csv").write_text(text.replace("small", "?").replace("large", "small").replace("?", "large"), "utf-8")
    Path("few.csv").write_text("".join(text.splitlines(keepends=True)[:9]), encoding="utf-8")
    Path("new.csv").write_text("weight,size\n1.5,2\n7.25,9.5\n4,4\n", encoding="utf-8")
    Path("one.csv").write_text("weight,size\n7.25,9.5\n", encoding="utf-8")


def write_models() -> None:
    """Models and deployments that are wrong, of those that the commands wrote."""
    with np.load("t.npz") as found:
        right = dict(found)
    np.savez("floats.npz", **{name: values.astype(np.float64) for name, values in right.items()})
    np.savez("range.npz", **{**right, "w0": np.full_like(right["w0"], 1 << 60)})
    np.savez("pickled.npz", **{**right, "w0": np.array([{"a": 1}], dtype=object)})
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776, 1), }"
    text = header + b" " * (118 - len(header) - 1) + b"\n"
    with zipfile.ZipFile("huge.npz", "w") as archive:
        for name in right:
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text)
    task = json.loads(Path("t.train").read_text(encoding="utf-8"))
    other = json.loads(Path("k.train").read_text(encoding="utf-8"))
    task["programs"]["train"] = other["programs"]["train"]
    Path("forged.train").write_text(json.dumps(task, separators=(",", ":")), encoding="utf-8")
    from tacit.data import Column, Schema
    from tacit.train import Deployment, TrainingProof

    schema = Schema.load("s.schema")
    Schema((*schema.columns, Column.flag("ripe")), schema.label).save("o.schema")
    lines = Path("t.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{line},{'ripe' if i == 0 else 'no'}" for i, line in enumerate(lines)]
    Path("t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with np.load("next.npz") as found:
        moved = dict(found)
    moved["w0"][0, 0] += 1
    np.savez("moved.npz", **moved)
    proof = TrainingProof.load("next.proof")
    assert proof.deployment == Deployment.load("t.train").digest
    Path("forged.proof").write_bytes(TrainingProof(Deployment.load("forged.train").digest, proof.argument).to_bytes())


def hidden(text: str) -> str:
    """What differs between runs and machines: begins of digests and identities, sizes, times, the numbers of a report."""
    text = re.sub(r"(?<=under )[0-9a-f]{16}|(?<=deployment )[0-9a-f]{16}|(?<=got one of )[0-9a-f]{16}", "<begin>", text)
    text = re.sub(r"(?<=at byte )\d+|(?<=same programs in )[\d.]+ [µm]?s", "<..>", text)
    text = re.sub(r"(\.train \()[\d.]+ KiB|(bytes +)[\d.]+ KiB", r"\1\2<size>", text)
    return re.sub(r"(?<=accuracy )\d\.\d{4}", "<share>", text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("train_snapshots")


@pytest.fixture(scope="module")
def shots(folder: Path) -> dict[str, str]:
    found = dict[str, str]()
    with plain_folder(folder, "TACIT_COUNTER"):
        write_inputs()
        for name, command in COMMANDS.items():
            if name == "refused-context":
                write_models()
            if name == "refused-programs":
                command = command.replace("next.proof", "forged.proof")
            before = set(os.listdir())
            code, out, err = printed(command)
            if name.startswith(("error-", "refused-")):
                assert code == 1, command
                assert set(os.listdir()) == before, command
            else:
                assert code == 0, (command, err)
            found[name] = hidden(masked(shot(command, code, told(name, out), err), set())) + "\n"
    return found | help_pages(HELP)


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str, shots: dict[str, str]) -> None:
    compare(FOLDER / f"{name}.txt", shots[name], __file__)


def test_every_snapshot_has_a_test() -> None:
    assert_files_are(FOLDER, NAMES)


def test_what_is_private_is_readable_by_its_owner_only(shots: dict[str, str], folder: Path) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((folder / name).stat().st_mode)

    assert shots
    for name in ("data.secret", "pnext.secret", "pnext.npz", "p.npz", "pmodel.secret"):
        assert mode(name) == 0o600, name
    assert mode("next.npz") & 0o044


def test_a_fit_is_what_is_proven(shots: dict[str, str], folder: Path) -> None:
    assert shots
    with np.load(folder / "fitted.npz") as fitted, np.load(folder / "next.npz") as proven:
        assert set(fitted) == set(proven)
        assert all(np.array_equal(fitted[name], proven[name]) for name in fitted)
        assert any(np.any(fitted[name] != 0) for name in fitted)


def test_no_secret_is_printed(shots: dict[str, str]) -> None:
    """No weight of a private model, and no record."""
    shown = shots["prove-private"] + shots["verify-private"] + shots["commit-base"] + shots["commit"]
    assert "size" not in re.sub(r"<size>", "", shown)
    assert "[[" not in shown


@pytest.mark.parametrize("what", ["base", "next", "data-of-others", "seed", "context"])
def test_a_refusal_names_all_that_may_be_another(what: str, shots: dict[str, str]) -> None:
    """An argument names nothing, so nothing is said to be right."""
    said = " ".join(shots[f"refused-{what}"].split())
    for part in ("the deployment", "the base", "the next", "the data's commitment", "the seed", "the context"):
        assert part in said
    assert "are those that the proof was made with" not in said


@pytest.mark.parametrize("at", [0, 7, 8, 12, 40, 44, 60, -1])
def test_a_changed_byte_of_a_proof_is_refused(at: int, shots: dict[str, str], folder: Path) -> None:
    from tacit.errors import InvalidProof
    from tacit.train import TrainingProof

    assert shots
    data = bytearray((folder / "next.proof").read_bytes())
    data[at] ^= 1
    with pytest.raises(InvalidProof) as error:
        TrainingProof.from_bytes(bytes(data))
    assert error.value.slug in ("magic", "file_kind", "version", "checksum")


def test_lengths_of_a_proof_are_its_own() -> None:
    from tacit.data.container import framed
    from tacit.errors import InputError, InvalidProof
    from tacit.train import TrainingProof

    made = TrainingProof(bytes(32), b"argument")
    assert TrainingProof.from_bytes(made.to_bytes()) == made
    for body in (b"", bytes(35), bytes(32) + b"\xff\xff\xff\xff", bytes(32) + b"\1\0\0\0" + b"ab", bytes(37)):
        with pytest.raises(InvalidProof) as error:
            TrainingProof.from_bytes(framed(8, body))
        assert error.value.slug == "encoding"
    with pytest.raises(InputError):
        TrainingProof(bytes(31), b"")


def test_the_secret_of_another_deployment(shots: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert shots
    command = f"{PROVE.replace('data.secret', 'pdata.secret')} -o wrong"
    assert run(command.split()) == 1
    assert not Path("wrong.proof").exists()
    assert not Path("wrong.npz").exists()
