"""Windows over the spatial axes of (t, b, c, spatial..), and back: what every entry was seen as."""

from __future__ import annotations

from dataclasses import dataclass

from tacit.graph.nodes import Node
from tacit.integer.operators.layout import Cut, Spread, View
from tacit.train.pieces import Box, Held, Signal, joined
from tacit.train.tape import Shape, Tape

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

    def seen(self, tape: Tape, x: Signal, box: Box, name: str) -> Signal:
        """(t, b, c, spatial..) to (t, b, c, out.., kernel..), 0 in the padding, at the positions of a box of (.., out..)."""
        lead = [((i, 1),) for i in range(LEAD)]
        places = box[LEAD:]
        spatial = [((LEAD + i, self.strides[i]), (LEAD + self.rank + i, self.dilations[i])) for i in range(self.rank)]
        starts = tuple(stride * a - pad for (a, _), stride, pad in zip(places, self.strides, self.pads, strict=True))
        shape = (*x.shape[:LEAD], *(b - a for a, b in places), *self.kernel)
        return tape.emit(View((*lead, *spatial), (*(0,) * LEAD, *starts), shape), [x], name)

    def backward(self, tape: Tape, d: Signal, box: Box, name: str) -> Signal:
        """(t, b, c, out..) to (t, b, c, spatial.., kernel..): what entry h of a box of (.., spatial..) gets from k is d at o with
        stride * o = h - dilation * k + pad, 0 where there is none. `d`: spread out (`spread`).
        """
        lead = [((i, 1),) for i in range(LEAD)]
        places = box[LEAD:]
        rows = [((LEAD + i, 1), (LEAD + self.rank + i, -self.dilations[i])) for i in range(self.rank)]
        starts = tuple(a + pad for (a, _), pad in zip(places, self.pads, strict=True))
        shape = (*d.shape[:LEAD], *(b - a for a, b in places), *self.kernel)
        return tape.emit(View((*lead, *rows), (*(0,) * LEAD, *starts), shape), [d], name)

    def gathered(self, tape: Tape, pieces: dict[Shape, Signal], spatial: Shape, name: str) -> Signal:
        """The sum over kernel entries k of the piece of k, (t, b, c, out..), at the entries that k saw."""
        parts: list[tuple[int, Held]] = []
        for k, piece in pieces.items():
            spread = self.spread(tape, piece, name)
            starts = tuple(pad - dilation * at for pad, dilation, at in zip(self.pads, self.dilations, k, strict=True))
            shape = (*spread.shape[:LEAD], *spatial)
            cut = Cut((*(0,) * LEAD, *starts), (1,) * len(shape), shape)
            parts.append((1, tape.emit(cut, [spread], name)))
        return joined(tape, tape.added(parts, f"{name}.gathered"), name)

    def spread(self, tape: Tape, d: Signal, name: str) -> Signal:
        """Error signals where their windows stand: stride steps apart."""
        for i, stride in enumerate(self.strides):
            if stride > 1 and d.shape[LEAD + i] > 1:
                d = tape.emit(Spread(LEAD + i, stride), [d], f"{name}.spread")
        return d
