"""Windows over the spatial axes of (t, b, c, spatial..), and back: what every entry was seen as."""

from __future__ import annotations

from dataclasses import dataclass

from tacit.graph.nodes import Node
from tacit.integer.operators.layout import Cut, Spread, View
from tacit.train.tape import Shape, Signal, Tape

#: Axes before the spatial ones: step, record, channel.
LEAD = 3


@dataclass(frozen=True)
class Windows:
    """Of a convolution or pool: position o sees entry stride * o + dilation * k - pad under kernel entry k."""

    kernel: Shape
    strides: Shape
    dilations: Shape
    pads: Shape

    @classmethod
    def of(cls, node: Node, kernel: Shape) -> Windows:
        rank = len(kernel)
        return cls(
            kernel, tuple(node.attrs["strides"]), tuple(node.attrs["dilations"]), tuple(node.attrs["pads"][:rank])
        )

    @property
    def rank(self) -> int:
        return len(self.kernel)

    def seen(self, tape: Tape, x: Signal, out: Shape, name: str) -> Signal:
        """(t, b, c, spatial..) to (t, b, c, out.., kernel..), 0 in the padding."""
        lead = [((i, 1),) for i in range(LEAD)]
        spatial = [((LEAD + i, self.strides[i]), (LEAD + self.rank + i, self.dilations[i])) for i in range(self.rank)]
        offsets = (0,) * LEAD + tuple(-pad for pad in self.pads)
        view = View((*lead, *spatial), offsets, (*x.shape[:LEAD], *out, *self.kernel))
        return tape.emit(view, [x], name)

    def backward(self, tape: Tape, d: Signal, spatial: Shape, name: str) -> Signal:
        """(t, b, c, out..) to (t, b, c, spatial.., kernel..): what entry h gets from k is d at o with
        stride * o = h - dilation * k + pad, 0 where there is none.
        """
        d = self._spread(tape, d, name)
        lead = [((i, 1),) for i in range(LEAD)]
        rows = [((LEAD + i, 1), (LEAD + self.rank + i, -self.dilations[i])) for i in range(self.rank)]
        offsets = (0,) * LEAD + tuple(self.pads)
        view = View((*lead, *rows), offsets, (*d.shape[:LEAD], *spatial, *self.kernel))
        return tape.emit(view, [d], name)

    def gathered(self, tape: Tape, pieces: dict[Shape, Signal], spatial: Shape, name: str) -> Signal:
        """The sum over kernel entries k of the piece of k, (t, b, c, out..), at the entries that k saw."""
        parts = []
        for k, piece in pieces.items():
            spread = self._spread(tape, piece, name)
            starts = tuple(pad - dilation * at for pad, dilation, at in zip(self.pads, self.dilations, k, strict=True))
            shape = (*spread.shape[:LEAD], *spatial)
            cut = Cut((*(0,) * LEAD, *starts), (1,) * len(shape), shape)
            parts.append((1, tape.emit(cut, [spread], name)))
        return tape.added(parts, f"{name}.gathered")

    def _spread(self, tape: Tape, d: Signal, name: str) -> Signal:
        for i, stride in enumerate(self.strides):
            if stride > 1 and d.shape[LEAD + i] > 1:
                d = tape.emit(Spread(LEAD + i, stride), [d], f"{name}.spread")
        return d
