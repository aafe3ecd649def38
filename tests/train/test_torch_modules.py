"""Torch modules: every parameter is the weight that it is, whatever its values are; steps beside autograd in double."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, TacitError
from tacit.train import SGD, Deployment, compile

torch = pytest.importorskip("torch")
nn = torch.nn
RATE, BATCH = 0.25, 4
SCHEMA = Schema.array(
    (3,), -2, 2, Label.numbers("y", [Column.number(f"y{i}", -2, 2, center=0, scale=1) for i in range(2)]), id="id"
)


def compiled(module: Any) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(RATE, BATCH, 1, order="committed")
        return compile(module, schema=SCHEMA, optimizer=optimizer, records=BATCH, evaluate=0)


class Last(nn.Module):  # type: ignore[misc, name-defined]
    """(x W + b) s + a: numbers that are alike, s of them fixed."""

    def __init__(self, fixed: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.a = nn.Parameter(torch.tensor([0.5]))
        if fixed:
            self.s = nn.Parameter(torch.tensor([0.5]), requires_grad=False)
        else:
            self.register_buffer("s", torch.tensor([0.5]))

    def forward(self, x: Any) -> Any:
        return self.linear(x) * self.s + self.a


class Counted(nn.Module):  # type: ignore[misc, name-defined]
    """A buffer's number in Python, and a bias of the same values."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.a = nn.Linear(3, 2), nn.Parameter(torch.tensor([0.5]))
        self.register_buffer("s", torch.tensor([0.5]))

    def forward(self, x: Any) -> Any:
        return self.linear(x) * float(self.s) + self.a


def layers(*widths: int) -> Any:
    made: list[Any] = []
    for a, b in pairwise(widths):
        made += [nn.Linear(a, b), nn.Tanh()]
    return nn.Sequential(*made[:-1])


def zeros(module: Any) -> Any:
    for parameter in module.parameters():
        if parameter.ndim == 1:
            nn.init.zeros_(parameter)
    return module


def alike(module: Any) -> Any:
    module[2].weight.data.copy_(module[0].weight.data)
    module[0].requires_grad_(False)
    return zeros(module)


MODULES: dict[str, Callable[[], Any]] = {
    "biases of zeros": lambda: zeros(layers(3, 3, 3, 2)),
    "a frozen layer with the values of another": lambda: alike(layers(3, 3, 3, 2)),
    "a buffer like a bias": lambda: Last(False),
    "a fixed parameter like a bias": lambda: Last(True),
    "a number in Python like a bias": Counted,
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore:Converting a tensor to a Python")
def test_parameters_of_the_same_values_are_each_trained(name: str) -> None:
    torch.manual_seed(0)
    module = MODULES[name]()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    made = compiled(module)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    rng = np.random.default_rng(1)
    x = rng.integers(-(1 << SCHEMA.frac), 1 << SCHEMA.frac, (BATCH, 3), endpoint=True)
    y = rng.integers(-(1 << SCHEMA.label_frac), 1 << SCHEMA.label_frac, (BATCH, 2), endpoint=True)
    start, after = made.real(made.initial), made.real(made.fit(made.initial, x, y).weights)
    exact = copy.deepcopy(module).double()
    z = exact(torch.tensor(x * 2.0**-SCHEMA.frac))
    (((z - torch.tensor(y * 2.0**-SCHEMA.label_frac)) ** 2).sum() / 2 / BATCH).backward()
    wanted = {key: -RATE * p.grad.numpy() for key, p in exact.named_parameters() if p.requires_grad}
    frozen = made.description.plan.network.frozen
    moved = {key.partition("/")[0]: (key, after[key] - start[key]) for key in after if key not in frozen}
    assert set(moved) == set(wanted)
    for key, (own, step) in moved.items():
        turned = step.T if own.endswith("/transposed") else step
        np.testing.assert_allclose(turned, wanted[key], atol=2e-3, err_msg=key)


def test_what_is_one_parameter_stays_one() -> None:
    for memory in (False, True):
        module = layers(3, 3, 3, 2)
        if memory:
            module[2].weight.data = module[0].weight.data
        else:
            module[2].weight = module[0].weight
        with pytest.raises(TacitError) as caught:
            compiled(module)
        assert "0.weight" in caught.value.place
