"""`tacit data ..`: an issuer, a node and a verifier with files alone, word for word (tests/cli/data_snapshots).

TACIT_WRITE_SNAPSHOTS=1 writes the files anew; what differs between runs is masked as in `shots`, and here.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from shots import assert_files_are, compare, help_name, help_pages, masked, plain_folder, printed, shot, told

from tacit.cli.app import run

pytest.importorskip("cryptography")

FOLDER = Path(__file__).parent / "data_snapshots"
TABLE = """patient,age,systolic,diastolic,smoker,ward,outcome
17,61,140,90,yes,b,ill
3,48,120,80,no,a,well
24,73.5,155.5,85,no,c,ill
9,35,118,79,yes,a,well
"""
NODE = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SCHEMA = (
    "data schema t.csv --label outcome --id patient --range age=0:120 --unit age=years --range systolic=50:250"
    " --range diastolic=20:200 --categories ward=a,b,c --categories smoker=no,yes --classes well,ill"
    " --rule systolic>diastolic -o heart.schema"
)
SIGN = f"data sign heart.tacit heart.schema --shard child --task heart --node {NODE} --expires 2099-01-01"
CHECK = f"data check node.manifest heart.tacit heart.schema --issuers issuers.json --task heart --node {NODE}"
VERIFY = "data verify heart.tacit heart.schema child.proof --data child.commitment --context c0ffee"
#: One after the other, in one folder; `keys-..`: the names and types of the JSON that it prints.
COMMANDS = {
    "schema": SCHEMA,
    "schema-show": "data schema heart.schema",
    "keys-schema": "data schema heart.schema --json",
    "program": "data program heart.schema 4 --histogram public --proofs 4 -o heart.tacit",
    "program-bounds": "data program heart.schema 4 --histogram ill=1:3 --histogram well=0:4 -o bounds.tacit",
    "keys-program-narrow": "data program heart.schema 4 --histogram ill=3:4 --proofs 4 -o narrow.tacit --json",
    "keys-commit-narrow": "data commit narrow.tacit heart.schema t.csv -o narrow --json",
    "commit": "data commit heart.tacit heart.schema t.csv -o master --ids 0:99 --children 2",
    "keys-commit": "data commit heart.tacit heart.schema t.csv -o plain --json",
    "rotate": "commit rotate master.secret -o child --proofs 2",
    "prove": "data prove heart.tacit heart.schema --data child.secret --ids 0:99 -o child.proof --context c0ffee",
    "verify": VERIFY,
    "keys-verify": f"{VERIFY} --json",
    "key": "data key -o issuer.key",
    "trust": "data trust issuers.json PUBLIC registry --from 2026-01-01 --until 2100-01-01",
    "sign": f"{SIGN} --key issuer.key --context c0ffee",
    "check": f"{CHECK} --data child.commitment --proof child.proof --context c0ffee",
    "keys-check": f"{CHECK} --json",
    "inspect-manifest": "inspect node.manifest",
    "revoke": "data revoke node.manifest --key issuer.key",
    "inspect-revocations": "inspect issuer.revocations",
    "refused-revoked": f"{CHECK} --revocations issuer.revocations",
    "refused-stale": f"{CHECK} --fresh 1",
    "refused-expired": f"{CHECK} --at 2099-06-01",
    "refused-other-node": CHECK.replace(NODE, "PUBLIC"),
    "refused-other-data": f"{CHECK} --data plain.commitment",
    "refused-other-context": VERIFY.replace("c0ffee", "c0c0a0"),
    "refused-other-program": VERIFY.replace("heart.tacit", "bounds.tacit"),
    "error-undeclared": "data schema t.csv --label outcome -o other.schema",
    "error-range": "data schema t.csv --label outcome --range age=0..120 -o other.schema",
    "error-row": "data commit heart.tacit heart.schema wrong.csv -o wrong",
    "error-ids": "data commit heart.tacit heart.schema t.csv -o wrong --ids 4:99",
    "error-ids-of-a-proof": "data prove heart.tacit heart.schema --data child.secret --ids 5:100 -o wrong.proof",
    "error-bounds": "data prove narrow.tacit heart.schema --data narrow.secret --ids 0:99 -o wrong.proof",
    "error-no-key": f"{SIGN} --context c0ffee",
    "error-key-exists": "data key -o issuer.key",
    "error-key-exposed": f"{SIGN} --key open.key --context c0ffee",
    "error-proof-alone": f"{CHECK} --proof child.proof",
}
HELP = ("data", *(f"data {name}" for name in ("schema", "program", "commit", "prove", "verify")))
HELP += tuple(f"data {name}" for name in ("key", "trust", "sign", "revoke", "check"))


NAMES = (*COMMANDS, *map(help_name, HELP))


def hidden(text: str) -> str:
    """Random keys, serials, digests that begin an error, and the time of a signature."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "<serial>", text)
    text = re.sub(r"(?<=of program )[0-9a-f]{16}|(?<=at byte )\d+", "<..>", text)
    text = re.sub(r"(?<=got )one of [0-9a-f]{16}|\b[0-9a-f]{16}\b(?=, got| in list)", "<begin>", text)
    text = re.sub(r"(identity|shard of this manifest, got) [0-9a-f]{16}", r"\1 <begin>", text)
    return re.sub(r"20(?!99|26-01|00)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>", text)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("data_snapshots")
    found = dict[str, str]()
    with plain_folder(folder, "TACIT_ISSUER_KEY"):
        Path("t.csv").write_text(TABLE, encoding="utf-8")
        Path("wrong.csv").write_text(TABLE.replace("155.5", "1555"), encoding="utf-8")
        public, digests = "", set[str]()
        for name, command in COMMANDS.items():
            code, out, err = printed(command.replace("PUBLIC", public))
            if name == "key":
                public = re.findall(r"[0-9a-f]{64}", out)[0]
                assert stat.S_IMODE(Path("issuer.key").stat().st_mode) == 0o600
                Path("open.key").write_bytes(Path("issuer.key").read_bytes())
                Path("open.key").chmod(0o644)
            if name == "schema":  # programs' follow from the format of programs, and geometries
                digests |= set(re.findall(r"[0-9a-f]{64}", out))
            text = masked(shot(command, code, told(name, out), err), digests | {NODE}) + "\n"
            found[name] = hidden(text.replace(public, "<key>") if public else text)
    return found | help_pages(HELP)


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str, shots: dict[str, str]) -> None:
    compare(FOLDER / f"{name}.txt", shots[name], __file__)


def test_every_snapshot_has_a_test() -> None:
    assert_files_are(FOLDER, NAMES)


def test_a_key_of_the_environment_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no option takes a key's text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACIT_ISSUER_KEY", "07" * 32)
    assert run(["data", "revoke", "00" * 16, "-o", "r.revocations"]) == 0
    from tacit.data import Key, Revocations

    assert Revocations.load("r.revocations").issuer == Key.from_seed(b"\x07" * 32).public
    monkeypatch.delenv("TACIT_ISSUER_KEY")
    assert run(["data", "revoke", "00" * 16, "--key", "07" * 32, "-o", "other.revocations"]) == 1
    assert not Path("other.revocations").exists()
    assert run(["data", "revoke", "no serial", "-o", "other.revocations"]) == 1
