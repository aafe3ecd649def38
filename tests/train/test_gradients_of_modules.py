"""Torch modules whose gradient is another one than that of their scores are refused by the weights that it is wrong for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile

torch = pytest.importorskip("torch")
nn = torch.nn
NUMBERS = [Column.number(f"y{i}", -2, 2, center=0, scale=1) for i in range(2)]
SCHEMA = Schema.array((3,), -2, 2, Label.numbers("y", NUMBERS), id="id")


def compiled(module: Any, **options: Any) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(0.25, 4, 1, order="committed")
        return compile(module, schema=SCHEMA, optimizer=optimizer, records=4, evaluate=0, **options)


class Of(nn.Module):  # type: ignore[misc, name-defined]
    """Two layers, k and l, joined by a function."""

    def __init__(self, of: Callable[[Any, Any], Any], start: float | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.of, self.k, self.l = of, nn.Linear(3, 4), nn.Linear(4, 2)
        if start is not None:
            for parameter in self.parameters():
                nn.init.constant_(parameter, start)

    def forward(self, x: Any) -> Any:
        return self.of(self, x)


class Turned(torch.autograd.Function):  # type: ignore[misc, name-defined]
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:  # type: ignore[override]
        return -g


class Straight(torch.autograd.Function):  # type: ignore[misc, name-defined]
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return torch.relu(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:  # type: ignore[override]
        return g


def without(m: Any, x: Any) -> Any:
    with torch.no_grad():
        h = torch.tanh(m.k(x))
    return m.l(h)


def hooked() -> Any:
    module = Of(lambda m, x: m.l(torch.tanh(m.k(x))))
    module.k.weight.register_hook(lambda g: g * 0.5)
    return module


CUT: dict[str, Callable[[], Any]] = {
    "no_grad": lambda: Of(without),
    "detach": lambda: Of(lambda m, x: m.l(torch.tanh(m.k(x)).detach())),
    "a part": lambda: Of(lambda m, x: (lambda h: m.l(h + (torch.relu(h) - h).detach()))(m.k(x))),
    "turned": lambda: Of(lambda m, x: m.l(Turned.apply(torch.tanh(m.k(x))))),
    "straight through": lambda: Of(lambda m, x: m.l(Straight.apply(m.k(x)))),
    "a hook": hooked,
}


@pytest.mark.parametrize("name", CUT)
def test_gradients_that_are_cut(name: str) -> None:
    module = CUT[name]()
    with pytest.raises(ModelError) as caught:
        compiled(module)
    assert caught.value.slug == "weights"
    assert "k.weight" in caught.value.place
    frozen = compiled(module, frozen=["k.*"]).description.plan.network
    assert [key.split("/")[0] for key in frozen.parameters if key not in frozen.frozen] == ["l.weight", "l.bias"]


@pytest.mark.parametrize("start", [None, 0.0, 1.0])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_other_modules_are_taken_and_left_as_they_are(start: float | None, kind: str) -> None:
    module = Of(lambda m, x: m.l(torch.relu(m.k(x))), start).to(getattr(torch, kind)).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    compiled(module)
    assert module.training
    for key, value in module.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    assert all(parameter.grad is None and parameter.requires_grad for parameter in module.parameters())


def test_a_part_in_a_type_of_its_own() -> None:
    module = Of(lambda m, x: m.l(torch.tanh(m.k(x) @ torch.eye(4))))
    compiled(module)
    cut = Of(lambda m, x: m.l(torch.tanh(m.k(x) @ torch.eye(4)).detach()))
    with pytest.raises(ModelError, match="slope"):
        compiled(cut)
    assert cut.k.weight.dtype == torch.float32
    assert np.isfinite(cut.k.weight.detach().numpy()).all()
