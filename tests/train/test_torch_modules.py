"""Torch modules: every parameter is the weight that it is, whatever its values are; steps beside autograd in double."""

from __future__ import annotations

import copy
import re
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
    "double precision": lambda: layers(3, 3, 2).double(),
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


class Of(nn.Module):  # type: ignore[misc, name-defined]
    """A function of x W + b and of parameters by name."""

    def __init__(self, function: Callable[[Any, Any], Any], **numbers: Any) -> None:
        super().__init__()
        self.linear, self.function = nn.Linear(3, 2), function
        for name, value in numbers.items():
            self.register_parameter(name, nn.Parameter(torch.as_tensor(value)))

    def forward(self, x: Any) -> Any:
        return self.function(self, self.linear(x))


#: A factor that starts at 1 and one that does not are one module with other values.
NUMBERS: dict[str, Callable[[], Any]] = {
    "a factor of 1": lambda: Of(lambda m, z: torch.tanh(z * m.s), s=1.0),
    "a factor": lambda: Of(lambda m, z: z * m.s, s=0.5),
    "two factors": lambda: Of(lambda m, z: z * m.s * m.t, s=2.0, t=0.5),
    "a divisor": lambda: Of(lambda m, z: z / m.s, s=2.0),
    "a square": lambda: Of(lambda m, z: z * m.s**2, s=1.0),
    "a gate": lambda: Of(lambda m, z: z + torch.tanh(m.s) * z, s=0.0),
    "a divisor and a bias": lambda: Of(lambda m, z: z / m.s + m.s, s=1.0),
    "a factor and a bias": lambda: Of(lambda m, z: z * m.s + m.s, s=1.0),
    "minus a bias": lambda: Of(lambda m, z: z + (-m.s), s=0.0),
    "twice a bias": lambda: Of(lambda m, z: z + 2 * m.s, s=0.0),
    "a mean of a bias": lambda: Of(lambda m, z: z + m.s.mean(), s=[0.5, 0.25]),
    "an entry of a bias": lambda: Of(lambda m, z: z - m.s[0], s=[0.5, 0.25]),
    "a norm of the weights": lambda: Of(lambda m, z: z / (m.linear.weight * m.linear.weight).mean()),
    "a GELU of its own": lambda: Of(lambda m, z: 0.5 * z * (1 + torch.erf(z * m.s)), s=2**-0.5),
    "a GELU times 1": lambda: Of(lambda m, z: nn.functional.gelu(z) * m.s, s=[1.0]),
    "one normalised channel": lambda: nn.Sequential(nn.Linear(3, 1), nn.BatchNorm1d(1), nn.Linear(1, 2)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_a_module_would_train_are_refused_by_name(name: str) -> None:
    torch.manual_seed(0)
    with pytest.raises(TacitError) as caught:
        compiled(NUMBERS[name]())
    assert caught.value.slug == "weights"
    own = {"a norm of the weights": "linear.weight", "one normalised channel": "1.weight"}.get(name, "s")
    assert own in re.split(r"[ ,()]+", f"{caught.value.place} {caught.value.reason}")


class Called(nn.Module):  # type: ignore[misc, name-defined]
    """Parameters that are called as inputs and outputs are."""

    def __init__(self) -> None:
        super().__init__()
        self.input, self.output = nn.Parameter(torch.randn(3, 3)), nn.Parameter(torch.randn(3, 2))
        self.register_buffer("input_", torch.zeros(3))

    def forward(self, x: Any) -> Any:
        return torch.tanh(x @ self.input + self.input_) @ self.output


def test_parameters_of_any_name_are_trained() -> None:
    torch.manual_seed(0)
    network = compiled(Called()).description.plan.network
    assert {"input", "output"} == set(network.parameters) - network.frozen


def test_what_the_exporter_calls_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tacit.importers import torch as importer

    monkeypatch.setattr(importer, "_numbered", lambda name, count, model: [name])
    torch.manual_seed(0)
    with pytest.raises(TacitError) as caught:
        compiled(Called())
    assert caught.value.slug == "weights"
    assert "input.1" in caught.value.place


def test_a_module_is_left_in_the_mode_that_each_part_was_in() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1), nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 2)))
    module.train()
    module[2].eval()
    modes = [part.training for part in module.modules()]
    compiled(module)
    assert [part.training for part in module.modules()] == modes
