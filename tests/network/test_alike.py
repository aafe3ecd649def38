"""One task's deployments train one network in the same integers: otherwise a mean adds numbers of two meanings."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from fake_training import FakeDeployment, FakeReaders, task_of
from little_network import SERVER, LittleNetwork
from spoiled_lineage import Forger, refused

from tacit import data, train
from tacit.errors import InputError
from tacit.network.checks import check_alike
from tacit.network.lineage import export
from tacit.network.lineage.files import Head
from tacit.network.server import Server
from tacit.network.store import Store
from tacit.network.task import TASK
from tacit.network.training import TrainedDeployment


@pytest.mark.parametrize(("rate", "what"), [(4, "scales"), (5, "network")])
def test_a_server_and_a_lineage(tmp_path: Path, rate: int, what: str) -> None:
    network = LittleNetwork(tmp_path)
    deployments = [FakeDeployment(8), FakeDeployment(12, rate)]
    task = task_of(
        server=SERVER.public,
        deployments=tuple(sorted(found.digest for found in deployments)),
        issuers=network.task.issuers,
    )
    check_alike([deployments[0], FakeDeployment(20)])
    with pytest.raises(InputError) as failure:
        Server(
            Store(f"sqlite:///{tmp_path}/other.db", tmp_path / "other"),
            task,
            key=SERVER,
            readers=FakeReaders(),
            deployments=[found.to_bytes() for found in deployments],
            base=network.server.model(task.base),
        )
    assert (failure.value.slug, failure.value.place) == ("task", "deployments")
    assert f"the same {what}" in failure.value.reason
    # Whoever publishes such a task all the same.
    network.register()
    network.run(1)
    export(network.server.store, network.digest, tmp_path / "lineage")
    forger = Forger(tmp_path / "lineage")
    written = TASK.write(task)
    for name, blob in ((TASK.digest(written), written), *((found.digest, found.to_bytes()) for found in deployments)):
        forger.objects.put(name, blob)
    head = Head(TASK.digest(written), TASK.digest(written))
    (tmp_path / "lineage" / "lineage").write_bytes(head.to_bytes())
    assert f"the same {what}" in refused(tmp_path / "lineage", "task", "task: deployments").reason


def test_trained_deployments() -> None:
    """With all records in a batch the scales follow from their number; tensors and intervals do not show it."""
    columns = tuple(data.Column.number(name, 0, 1, center=0.5, scale=0.5) for name in "abc")
    schema = data.Schema(columns, data.Label.classes("y", ("no", "yes")))

    def compiled(records: int, width: int = 4, batch: int | None = None) -> TrainedDeployment:
        optimizer = train.SGD(rate=0.5, batch=batch, steps=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = train.compile(
                train.mlp(3, width, 2), schema=schema, optimizer=optimizer, records=records, evaluate=0, name="t"
            )
        return TrainedDeployment(made)

    one, other = compiled(16), compiled(32)
    assert one.parameters == other.parameters
    assert one.scales != other.scales
    assert one.network == other.network != compiled(16, 5).network
    with pytest.raises(InputError) as failure:
        check_alike([one, other])
    assert "the same scales" in failure.value.reason
    assert "SGD(batch=..)" in failure.value.remedy
    check_alike([compiled(16, batch=8), compiled(32, batch=8)])
