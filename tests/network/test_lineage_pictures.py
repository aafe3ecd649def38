"""What people see of a lineage: its tree, its picture and its page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from fake_training import FakeReaders
from little_network import LittleNetwork
from spoiled_lineage import Forger, text_of

from tacit.network.lineage import Lineage, examine, export, page, picture, verify


def drawn(found: Lineage) -> ElementTree.Element:
    root = ElementTree.fromstring(picture(found))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(root.itertext())
    assert "script" not in {child.tag.rpartition("}")[2] for child in root.iter()}
    assert texts
    return root


def test_tree_and_picture(network: LittleNetwork, folder: Path) -> None:
    proof = network.deployments[8].predict(network.server.model(verify(folder, FakeReaders()).model), [1, 2, 3, 4], b"")
    found = verify(folder, FakeReaders(), prediction=proof)
    text, root = text_of(found), drawn(found)
    for part in (
        "prediction", "round 2", "2 of 5 nodes", "round 1", "12 records, hidden", "left out  final_claim", "first model",
        "issuer", "not shown", network.keys[0].public.hex()[:12],
    ):  # fmt: skip
        assert part in text
    texts = "".join(root.itertext())
    assert all(
        part in texts for part in ("prediction", "round 1", "8 records, hidden", "final_claim", "all weights public")
    )
    # A column for each step back: prediction, model, rounds, nodes, datasets, issuers.
    boxes = [child.get("x") for child in root.iter("{http://www.w3.org/2000/svg}rect") if child.get("rx") == "6"]
    assert len(set(boxes)) == 6
    assert "<script" not in page(found)
    assert "every proof verified" in page(found)


def test_names_are_text(tmp_path: Path) -> None:
    name = '</title><script>alert("1")</script>&[bold]'
    made = LittleNetwork(tmp_path, name=name)
    made.register()
    made.run(1)
    export(made.server.store, made.digest, tmp_path / "lineage")
    found = verify(tmp_path / "lineage", FakeReaders())
    assert name in "".join(drawn(found).itertext())
    assert "<script" not in page(found)
    assert name in text_of(found)


def test_many_rounds_are_folded(tmp_path: Path) -> None:
    made = LittleNetwork(tmp_path, rounds=8)
    made.register()
    made.run(6)
    export(made.server.store, made.digest, tmp_path / "lineage")
    found = verify(tmp_path / "lineage", FakeReaders())
    text = text_of(found)
    assert "rounds 1 to 3" in text
    assert "9 proofs verified" in text
    assert "round 4" in text
    assert "round 3" not in text
    drawn(found)
    assert len(found.rounds) == 6


def test_a_refusal_is_drawn(forger: Forger, folder: Path) -> None:
    forger.publish(next=bytes(32))
    found = examine(folder, FakeReaders())
    assert len(found.rounds) == 1
    assert found.refusal is not None
    assert "refused" in text_of(found)
    assert "next: expected the model" in "".join(drawn(found).itertext())
    assert "refused: round 2" in page(found)


SVG = "{http://www.w3.org/2000/svg}"


def test_no_line_is_wider_than_its_box_and_titles_have_all(network: LittleNetwork, folder: Path) -> None:
    proof = network.deployments[8].predict(network.server.model(verify(folder, FakeReaders()).model), [1, 2, 3, 4], b"")
    found = verify(folder, FakeReaders(), prediction=proof)
    found.prediction = {
        "prediction": [{"same": 0.25, "much better, in all respects there are": 0.75}],
        "program": "ab" * 32,
    }
    root = drawn(found)
    lines = [text.text or "" for text in root.iter(f"{SVG}text")]
    # 196 px at 12 px a letter's height: 30 digits of a usual font do not fit, and 25 do.
    assert max(map(len, lines)) <= 32
    assert "same: 0.25" in lines
    assert f"program: {'ab' * 8}" in lines
    assert any(line.startswith("much better") and line.endswith("…") for line in lines)
    titles = "".join(title.text or "" for title in root.iter(f"{SVG}title"))
    assert "much better, in all respects there are: 0.75" in titles
    assert "ab" * 32 in titles


def test_the_legend_fits_a_picture_of_few_columns(tmp_path: Path) -> None:
    made = LittleNetwork(tmp_path)
    made.register()
    made.run(1)
    export(made.server.store, made.digest, tmp_path / "lineage")
    found = verify(tmp_path / "lineage", FakeReaders())
    found.rounds.clear()
    root = drawn(found)
    assert max(float(rect.get("x", 0)) for rect in root.iter(f"{SVG}rect")) + 150 <= float(root.get("width", 0))
