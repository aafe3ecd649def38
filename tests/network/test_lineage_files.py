"""Files of a lineage that were changed, swapped or taken away: refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_training import FakeReaders
from little_network import LittleNetwork
from spoiled_lineage import refused

from tacit.errors import InputError, InvalidProof
from tacit.network.lineage import verify
from tacit.network.lineage.files import Head, open_lineage


def files(folder: Path) -> list[Path]:
    found = sorted(path for path in (folder / "objects").rglob("*") if path.is_file())
    assert len(found) > 60
    return found


SPOILED = (
    "object_changed", "object_missing", "object_size", "final_claim", "encoding", "issuer", "signature", "message",
    "message_size", "tensors", "interval",
)  # fmt: skip


def test_every_byte_counts(folder: Path) -> None:
    for path in files(folder):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            path.write_bytes(bytes(changed))
            with pytest.raises(InvalidProof) as refusal:
                verify(folder, FakeReaders())
            assert refusal.value.slug in SPOILED
        path.write_bytes(data)
    assert len(verify(folder, FakeReaders()).rounds) == 2


def test_every_file_is_needed(folder: Path) -> None:
    for path in files(folder):
        away = path.rename(folder / "away")
        with pytest.raises(InvalidProof) as refusal:
            verify(folder, FakeReaders())
        assert refusal.value.slug == "object_missing"
        away.rename(path)
    assert len(verify(folder, FakeReaders()).rounds) == 2


def test_files_that_are_swapped_or_longer(folder: Path) -> None:
    found = files(folder)
    for one, other in zip(found, found[1:] + found[:1], strict=True):
        data = one.read_bytes()
        for wrong in (other.read_bytes(), data + b"\0", data[:-1], b""):
            one.write_bytes(wrong)
            with pytest.raises(InvalidProof) as refusal:
                verify(folder, FakeReaders())
            assert refusal.value.slug in SPOILED
        one.write_bytes(data)


@pytest.mark.parametrize(
    "head", [b"", b"tacit lineage 1", b"tacit lineage 2" + bytes(64), b"tacit lineage 1" + bytes(65)]
)
def test_heads_that_are_none(folder: Path, head: bytes) -> None:
    (folder / "lineage").write_bytes(head)
    with pytest.raises(InvalidProof) as refusal:
        verify(folder, FakeReaders())
    assert refusal.value.slug in ("lineage", "object_size")


def test_another_head(network: LittleNetwork, folder: Path) -> None:
    head = Head.from_bytes((folder / "lineage").read_bytes())
    refused(folder, "lineage", task=bytes(32))
    refused(folder, "lineage", link=bytes(32))
    assert verify(folder, FakeReaders(), task=head.task, link=head.link).link == head.link
    (folder / "lineage").write_bytes(Head(head.task, bytes(32)).to_bytes())
    refused(folder, "object_missing", "link")
    (folder / "lineage").write_bytes(Head(head.link, head.link).to_bytes())
    refused(folder, "object_changed", "task")
    # An older head is an older lineage, which holds: who knows a later link says so.
    first = verify_first(network)
    (folder / "lineage").write_bytes(Head(head.task, first).to_bytes())
    assert len(verify(folder, FakeReaders()).rounds) == 1
    refused(folder, "lineage", link=head.link)


def verify_first(network: LittleNetwork) -> bytes:
    row = network.server.store.round(network.digest, 1)
    assert row is not None
    return row.link or b""


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failure:
        verify(tmp_path / "nowhere", FakeReaders())
    assert failure.value.slug == "file"
    with pytest.raises(InvalidProof) as refusal:
        verify(tmp_path, FakeReaders())
    assert refusal.value.slug == "object_missing"


def test_a_folder_that_is_no_lineage_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidProof) as refusal:
        open_lineage(tmp_path)
    assert "a file 'lineage'" in refusal.value.reason
    assert refusal.value.remedy
