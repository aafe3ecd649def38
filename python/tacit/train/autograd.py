"""A torch module's own gradient, held against its values: what is trained is the slope of the scores, and nothing else.

An exported file has no trace of a `detach()`, a `no_grad` block, a hook on a weight, or a backward of a module's own. Where one
of these changes the gradient the module would take other steps, so it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tacit.errors import ModelError
from tacit.importers import torch as modules
from tacit.train.network import Network

RECORDS = 3
#: How far weights are moved, and how far the slope may then be from the gradient: its share, and that of the largest slope.
#: In double, and in the module's own type where it cannot be computed in double.
EXACT, CLOSER, COARSE = (1e-4, 1e-2, 1e-3), (1e-6, 1e-2, 1e-3), (1e-2, 0.1, 2e-2)


def check_gradients(model: Any, network: Network, features: Sequence[int]) -> None:
    """Autograd's gradient of the weights that move is the slope of the outputs. Raises ModelError (slug weights)."""
    found = network.graph.provenance
    if found is None or not modules.is_module(model):
        return
    moving = {found.given[name].of for name in network.parameters if name not in network.frozen}
    try:
        with _drawn(model, True):
            wrong = _unlike(model, moving, features, *EXACT)
            if wrong:  # a shorter step: on a long one a steep function bends
                wrong = _unlike(model, {*wrong}, features, *CLOSER)
    except Exception:  # torch raises many types: a part of it takes its own type only
        wrong = _coarsely(model, moving, features)
    if wrong:
        raise ModelError(
            "its gradient in the module is not the slope of the scores, which is what is trained: a detach(), a no_grad block, a "
            "hook or a backward of its own changes it",
            slug="weights",
            place=wrong[0],
            remedy=f"freeze what the module does not train ({', '.join(wrong[:8])}), or give the module without it",
        )


def _coarsely(model: Any, moving: set[str], features: Sequence[int]) -> list[str]:
    try:
        with _drawn(model, False):
            return _unlike(model, moving, features, *COARSE)
    except Exception as error:  # a module may raise any
        raise ModelError(
            f"its gradient cannot be computed: {error}"[:300],
            slug="weights",
            place=type(model).__name__,
            remedy="give a module whose backward() works, or an ONNX file",
        ) from error


@contextmanager
def _drawn(model: Any, double: bool) -> Iterator[None]:
    """The module in evaluation mode, its parameters drawn anew: at its own values gradients may be 0, or jump."""
    import torch

    training = [(part, part.training) for part in model.modules()]
    tensors = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point()]
    own = [tensor.data for tensor in tensors]
    weights = {id(parameter) for parameter in model.parameters()}
    generator = torch.Generator().manual_seed(0)
    try:
        model.eval()
        for tensor, values in zip(tensors, own, strict=True):
            kind = torch.float64 if double else values.dtype
            near = float(values.double().square().mean().sqrt()) or 0.3
            drawn = torch.randn(values.shape, generator=generator, dtype=torch.float64) * near
            moves = id(tensor) in weights and tensor.requires_grad
            tensor.data = (drawn if moves else values).to(kind)
        yield
    finally:
        for tensor, values in zip(tensors, own, strict=True):
            tensor.data = values
        for part, was in training:
            part.training = was


def _unlike(
    model: Any, moving: set[str], features: Sequence[int], step: float, share: float, least: float
) -> list[str]:
    """Parameters along which the outputs do not change as their gradient says."""
    import torch

    generator = torch.Generator().manual_seed(1)

    def drawn(like: Any) -> Any:
        return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like.dtype)

    named = model.named_parameters(remove_duplicate=False)
    weights = {name: parameter for name, parameter in named if name in moving}
    # One at a time, as the module is exported.
    records = [drawn(modules.zeros(model, (1, *features))) for _ in range(RECORDS)]
    with torch.enable_grad():
        outputs = _tensors([model(x) for x in records])
        along = [drawn(output) for output in outputs]
        total = _dot(outputs, along)
        gradients: Any = [None] * len(weights)
        if weights and total.requires_grad:
            gradients = torch.autograd.grad(total, list(weights.values()), allow_unused=True)
    slopes = dict[str, tuple[float, float, float]]()
    with torch.no_grad():
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
            own, ends = weight.data, list[float]()
            towards = drawn(own)
            size = step * (float(own.double().square().mean().sqrt()) or 0.3)
            for sign in (1, -1):
                weight.data = own + sign * size * towards
                ends.append(float(_dot(_tensors([model(x) for x in records]), along)))
            weight.data = own
            said = 0.0 if gradient is None else float((gradient.double() * towards.double()).sum())
            noise = 100 * torch.finfo(own.dtype).eps * max(map(abs, ends)) / size
            slopes[name] = said, (ends[0] - ends[1]) / (2 * size), noise
    largest = max((abs(slope) for _, slope, _ in slopes.values()), default=0.0)
    return [
        name
        for name, (said, slope, noise) in slopes.items()
        if not abs(said - slope) <= share * (abs(said) + abs(slope)) / 2 + least * largest + noise
    ]


def _tensors(result: Any) -> list[Any]:
    """What a module returns that has real numbers."""
    if isinstance(result, Mapping):
        result = list(result.values())
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in _tensors(part)]
    return [result] if result.is_floating_point() else []


def _dot(outputs: list[Any], along: list[Any]) -> Any:
    return sum((output.double() * part.double()).sum() for output, part in zip(outputs, along, strict=True))
