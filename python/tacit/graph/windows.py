"""Sliding windows over spatial axes: where they stand, and what each sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tacit.graph.registry import Array, Shape


@dataclass(frozen=True)
class Window:
    """A sliding window over the spatial axes: kernel, strides, dilations, pads = [begin..., end...]."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]

    def extents(self, spatial: Sequence[int]) -> Shape:
        """floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1 per axis; ``ValueError`` when below 1."""
        rank = len(self.kernel)
        if not len(spatial) == len(self.strides) == len(self.dilations) == rank or len(self.pads) != 2 * rank:
            raise ValueError(f"a window over {rank} axes on {len(spatial)} spatial axes")
        result = []
        for axis in range(rank):
            reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            room = spatial[axis] + self.pads[axis] + self.pads[rank + axis] - reach
            if room < 0:
                raise ValueError(f"a window of {reach} does not fit in {spatial[axis]} padded entries")
            result.append(room // self.strides[axis] + 1)
        return tuple(result)


def patches(x: Array, window: Window) -> Array:
    """(n, c, spatial...) -> (n, c, kernel..., out...): what each window sees, zero in the padding."""
    rank = len(window.kernel)
    extents = window.extents(x.shape[2:])
    padding = [(0, 0), (0, 0)] + [(window.pads[axis], window.pads[rank + axis]) for axis in range(rank)]
    padded = np.pad(x, padding)
    step = padded.strides
    shape = (*x.shape[:2], *window.kernel, *extents)
    strides = (
        *step[:2],
        *(step[2 + axis] * window.dilations[axis] for axis in range(rank)),
        *(step[2 + axis] * window.strides[axis] for axis in range(rank)),
    )
    return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)


def gathered(grad: Array, spatial: Shape, window: Window) -> Array:
    """The transpose of `patches`: (n, c, kernel..., out...) to (n, c, spatial...), what every entry was seen as, summed."""
    rank = len(window.kernel)
    extents = [n + window.pads[i] + window.pads[rank + i] for i, n in enumerate(spatial)]
    padded = np.zeros((*grad.shape[:2], *extents))
    for offset in np.ndindex(*window.kernel):
        starts = [k * d for k, d in zip(offset, window.dilations, strict=True)]
        seen = tuple(
            slice(start, start + step * (n - 1) + 1, step)
            for start, step, n in zip(starts, window.strides, grad.shape[2 + rank :], strict=True)
        )
        padded[(slice(None), slice(None), *seen)] += grad[(slice(None), slice(None), *offset)]
    inner = tuple(slice(window.pads[i], window.pads[i] + n) for i, n in enumerate(spatial))
    return np.asarray(padded[(slice(None), slice(None), *inner)])
