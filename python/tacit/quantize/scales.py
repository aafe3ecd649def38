"""Scales: at which power of two a tensor's integers stand, by what calibration saw and who reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log2

from tacit.graph import Graph, Node
from tacit.integer.scale import EPSILON
from tacit.quantize.calibration import Calibration
from tacit.quantize.grids import on_grid
from tacit.quantize.options import WEIGHT_BITS, Options

#: Bits that a rounding may lose to values that do not get through, before it takes more.
NARROWING = 3


@dataclass
class Scales:
    """The scales of a graph's tensors. `users`: who reads a tensor; `outputs`: the tensors that are asked for."""

    graph: Graph
    calibration: Calibration
    options: Options
    users: dict[str, list[Node]] = field(default_factory=dict, kw_only=True)
    outputs: tuple[str, ...] = field(default=(), kw_only=True)
    _free: dict[str, bool] = field(default_factory=dict, init=False)

    @property
    def bits(self) -> int:
        """Bits of an activation."""
        return self.options.activation_bits or 16

    @property
    def weight_bits(self) -> int:
        """Bits of a weight."""
        return self.options.weight_bits or WEIGHT_BITS - self.options.spare

    def target(self, tensor: str, bits: int | None = None) -> int:
        """The frac at which headroom times the tensor's calibrated magnitude fits in `bits`."""
        bits = self.bits if bits is None else bits
        room = self.calibration.room(tensor, self.options.headroom)
        return floor(log2(((1 << (bits - 1)) - 1) / room))

    def scale(self, tensor: str) -> float:
        """As `target`; the finest real one where only weights see the tensor.

        The integer of a Clip's bound is public, and tells the scale: that one then depends on the bound, but for whole bits.
        """
        if not self.free(tensor):
            return self.target(tensor)
        top = (1 << (self.bits - 1)) - 1
        finest = log2(top / self.calibration.room(tensor, self.options.headroom))
        bound = self.clipped(tensor)
        return on_grid(finest, log2(top / bound)) if bound else finest

    def free(self, tensor: str) -> bool:
        """Whether every use leads, through operators that keep the scale, to a product with weights."""
        if tensor not in self._free:
            users = self.users.get(tensor, [])
            self._free[tensor] = bool(users) and tensor not in self.outputs and all(map(self._keeps, users))
        return self._free[tensor]

    def clipped(self, tensor: str) -> float:
        """The largest bound of the first Clip that reads the tensor, through operators that keep the scale; 0 without one."""
        for node in self.users.get(tensor, []) if self.free(tensor) else []:
            bounds = [abs(float(node.attrs[key])) for key in node.operator.limits or ()]
            found = max((b for b in bounds if isfinite(b)), default=0.0)
            if node.operator.keeps_scale or node.op == "Add":
                found = found or self.clipped(node.outputs[0])
            if found:
                return found
        return 0.0

    def _keeps(self, node: Node) -> bool:
        constant = any(name in self.graph.constants for name in node.inputs)
        if node.operator.product == "sums" and constant:
            return True
        return (node.operator.keeps_scale or (node.op == "Add" and constant)) and self.free(node.outputs[0])

    def shift(self, frac: float, tensor: str) -> int:
        """The rounding shift that brings a value of this frac to the tensor's scale."""
        return max(0, ceil(frac - self.scale(tensor) - EPSILON))

    def narrowing(self, frac: float, tensor: str, out: str, reach: float | None = None) -> tuple[int, int]:
        """Shift and bits of a rounding of the tensor, at `frac` so far, whose result `out` is what counts.

        As for the tensor itself; but where the result is smaller by more than NARROWING bits (a ReLU of mostly negative
        numbers, a clip of large ones), at the result's scale, with as many more bits. `reach`: what the result cannot pass.
        """
        shift = self.shift(frac, tensor)
        finest = self.scale(out) if reach is None else log2(((1 << (self.bits - 1)) - 1) / reach)
        gain = floor(finest - self.scale(tensor) + EPSILON)
        more = min(shift, gain) if gain > NARROWING else 0
        return shift - more, self.bits + more

    def bound(self, tensor: str, frac: float) -> float:
        """The magnitude of the tensor's integers at this frac, headroom included."""
        return float(self.calibration.room(tensor, self.options.headroom) * 2.0**frac)
