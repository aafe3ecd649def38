"""A journal that is brought back from a backup: what more proofs than blinding give away, and what notices it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.errors import AllowanceExceeded
from tacit.reference import borsh, files, opening
from tacit.reference.field import P, domain_point

Points = dict[int, list[int]]
PROOFS = 1
SAMPLES = np.random.default_rng(0).uniform(-1, 1, size=(40, 2))
SAMPLE = {"x": SAMPLES[:1]}


def network() -> Any:
    """Four weights and a ReLU."""
    weight = np.array([[1.0, 3.7], [-2.1, 0.3]], np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "four",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def small() -> tuple[tacit.Program, tacit.Weights]:
    """A program for one proof, at the lower security: little blinding, so that a test solves for it."""
    return tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS, security=100, optimize="size")


class Eavesdropper:
    """Sees what is public: arguments, and the rows that they open of one commitment."""

    def __init__(self, program: tacit.Program, commitment: tacit.Commitment) -> None:
        self.program = program
        body = files.unwrap(files.Kind.COMMITMENT, commitment.to_bytes())
        self.file: files.CommitmentFile = borsh.decode(files.COMMITMENT_FILE, body, "commitment")
        self.points: Points = {}

    def listen(self, proof: tacit.Proof, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second verifier reads the proof; what it opens is noted."""
        honest, root = opening.open_rows, self.file.commitment.root

        def noted(reader: Any, code: opening.Code, positions: Any, log: int) -> list[list[int]]:
            rows = honest(reader, code, positions, log)
            if code.root == root:
                self.points.update(zip(positions, rows, strict=True))
            return rows

        with monkeypatch.context() as patch:
            patch.setattr(opening, "open_rows", noted)
            commitment = files.wrap(files.Kind.COMMITMENT, files.COMMITMENT_FILE.write(self.file))
            files.verify_files(self.program.to_bytes(), proof.data, [commitment], b"", target=self.program.security)

    @property
    def unknown(self) -> list[int]:
        """Rows of the first column whose coefficients are not known to be zero: cells, pads and links, then blinding."""
        header = self.file.commitment.header
        used = sum(int(np.prod(shape)) for _, shape, _, _ in self.file.tensors) + 3 + 3 * header.links
        rows = header.geometry.data_rows
        return [*range(min(used, rows)), *range(rows, rows + header.blinding)]

    def solve(self) -> list[int]:
        """The unknown cells of the first column, from as many points."""
        log = self.file.commitment.header.geometry.log_domain
        equations = []
        for position, row in list(self.points.items())[: len(self.unknown)]:
            x = domain_point(position, log)
            equations.append([pow(x, power, P) for power in self.unknown] + [row[0]])
        return solved(equations)


def solved(rows: list[list[int]]) -> list[int]:
    """The solution of as many equations as unknowns modulo p, as integers around 0."""
    n = len(rows)
    for column in range(n):
        pivot = next(i for i in range(column, n) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        inverse = pow(rows[column][column], -1, P)
        lead = rows[column] = [v * inverse % P for v in rows[column]]
        for i in range(n):
            factor = rows[i][column]
            if i != column and factor:
                rows[i] = [(a - factor * b) % P for a, b in zip(rows[i], lead, strict=True)]
    return [row[-1] if row[-1] < P // 2 else row[-1] - P for row in rows]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A secret's path; its journal is kept beside it as `backup`."""
    return tmp_path / "m.secret"


def journal(path: Path) -> Path:
    return path.with_name(f"{path.name}.journal")


def test_proofs_beyond_the_budget_give_the_weights_away(
    small: tuple[tacit.Program, tacit.Weights], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a restored journal is never proven with: nothing but the journal guards this."""
    program, weights = small
    secret = tacit.commit_model(program, weights)
    secret.save(place)
    eve = Eavesdropper(program, secret.commitment)
    shutil.copy(journal(place), place.with_name("backup"))
    del secret
    proofs = 0
    while len(eve.points) < len(eve.unknown):
        shutil.copy(place.with_name("backup"), journal(place))
        eve.listen(tacit.prove(program, tacit.Secret.load(place), SAMPLE), monkeypatch)
        proofs += 1
        if proofs == PROOFS:  # as many as were promised
            assert len(eve.points) < eve.file.commitment.header.blinding
    hidden = [int(v) for values in weights.tensors.values() for v in np.asarray(values).reshape(-1)]
    assert eve.solve()[: len(hidden)] == hidden
    print(f"{proofs} proofs on a budget of {PROOFS}: all {len(hidden)} weights")


def test_a_counter_elsewhere_notices(
    small: tuple[tacit.Program, tacit.Weights], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, weights = small
    counter = f"file:{place.with_name('elsewhere')}"
    secret = tacit.commit_model(program, weights)
    secret.save(place, counter=counter)
    eve = Eavesdropper(program, secret.commitment)
    shutil.copy(journal(place), place.with_name("backup"))
    del secret
    secret = tacit.Secret.load(place, counter=counter)
    eve.listen(tacit.prove(program, secret, SAMPLE), monkeypatch)
    del secret
    shutil.copy(place.with_name("backup"), journal(place))
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.prove(program, tacit.Secret.load(place, counter=counter), SAMPLE)
    assert refused.value.slug == "restored"
    assert "tacit commit renew" in refused.value.remedy
    # Nor without the counter: the journal asks for it.
    del refused
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.prove(program, tacit.Secret.load(place), SAMPLE)
    assert refused.value.slug == "counter"
    assert len(eve.points) < eve.file.commitment.header.blinding


def test_renewing_copies_opens_the_reserve_once(
    small: tuple[tacit.Program, tacit.Weights], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All proofs, then a renewal, then renewals of restored journals: no more is seen than one renewal shows."""
    program, weights = small
    secret = tacit.commit_model(program, weights)
    secret.save(place)
    shutil.copy(journal(place), place.with_name("backup"))
    for _ in range(PROOFS):
        tacit.prove(program, secret, SAMPLE)
    spent = journal(place).read_bytes()
    published = set()
    del secret
    for restored in (spent, place.with_name("backup").read_bytes(), spent):
        journal(place).write_bytes(restored)
        new = tacit.Secret.load(place).renew()
        assert new.renewal is not None
        published.add((new.commitment.to_bytes(), new.renewal.to_bytes()))
    assert len(published) == 1
    # The two secrets are one: what is proven with them is counted together, by whoever keeps both.
    assert new.remaining == PROOFS
