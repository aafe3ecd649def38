"""What decides precision: bits, headroom, rows of tables."""

from __future__ import annotations

from dataclasses import dataclass

#: Bits of a weight, where more do not pay.
WEIGHT_BITS = 16


@dataclass(frozen=True)
class Options:
    """Precision. Bits count the sign; None: the compiler searches, see `tacit.compiler.search`.

    `weight_bits`: None: WEIGHT_BITS, more where nothing else helps. `input_bits`: None: as activations.
    `headroom`: room beyond the calibrated magnitudes, as a factor.
    `table_bits`: rows of a function's table, as a power of two; `interpolate`: linear between them.
    `align`: a limb width that shifts are made multiples of (0: never) while `least_weight_bits` remain.
    `spare`: bits that a weight's interval has beyond its integers; there are as many bits of a weight fewer.
    """

    activation_bits: int | None = None
    least_weight_bits: int | None = None
    table_bits: int | None = None
    interpolate: bool | None = None
    weight_bits: int | None = None
    input_bits: int | None = None
    output_bits: int = 16
    headroom: float = 1.5
    align: int = 0
    spare: int = 0
