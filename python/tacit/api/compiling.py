"""From a model to a program: the call, and the checks of its options."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit import _native
from tacit.api.cost import costly
from tacit.api.native import failures
from tacit.api.objects import Array, Program, Weights
from tacit.api.parameters import check, check_count
from tacit.errors import AccuracyWarning, CompilerBug, InputError, ProgramError
from tacit.progress import note, slow

if TYPE_CHECKING:
    from tacit.quantize import Options

#: More headroom than this leaves nothing of 32 bits.
MOST_HEADROOM = 1 << 16
#: Bits of an interval beyond a weight's, at most.
MOST_SPARE = 8
#: Rows of a table, as a power of two, at most.
MOST_TABLE_BITS = 20


def compile(
    model: Any,
    *,
    calibration: Mapping[str, Array] | Array,
    batch: int = 1,
    headroom: float | None = None,
    weights: str = "private",
    input: str = "private",
    outputs: str = "public",
    threshold: Any = None,
    proofs: int = 64,
    security: int = 128,
    optimize: str = "balanced",
    max_error: float = 0.05,
    overflow: str = "total",
    ranges: Mapping[str, tuple[Any, Any]] | tuple[Any, Any] | None = None,
    options: Options | None = None,
    architecture_only: bool = False,
) -> tuple[Program, Weights]:
    """Compile a model to a public program and its integers.

    `model`: path of an ONNX file, `onnx.ModelProto`, a scikit-learn estimator or a `torch.nn.Module`
    (traced on the first sample; its inputs are named as in `calibration`, or `input`).
    `calibration`: samples (n, d..) by input name, or one array; ranges and scales come from them.
    `batch`: inferences a proof. `headroom`: how far values may exceed the calibrated ranges, as a factor.
    `weights`: "private" or "public"; `input`: "private", "committed" or "public". Of a private input a proof says only that
    some input gives the output: whoever proves may choose it. Of a committed one it says which.
    `outputs`: "public", or "committed": a proof says that the answer is the one in a commitment made along with it.
    `threshold`: publish only whether an output reaches a value (see `tacit.compiler.pipeline`).
    `ranges`: (least, greatest) of the inputs, by name or for the one there is; numbers, or one for each entry of the last axis.
    They are public, and take the place of what the samples say. What the program takes is one range an input, of a power of two
    of steps: it reaches further up than the declared one (`Port.range`). An input outside that one has no proof.
    `overflow`: what becomes of values inside the network that are far beyond those of the samples. "total": every input in
    range has a proof; such values are clamped, or there is room for them, whatever costs less. "saturate": all clamped;
    "widen": room for all, so that the program is the network everywhere (but a Gelu beyond its table); "refuse": such an input
    has no proof, which tells of the weights (docs/protocol/security.md, section 4).
    `proofs`: proofs that one private commitment is blinded for; above 1,024 a line on stderr says what that costs, and
    how masters and children make as many for less (`Program.estimate["commitments"]`). `security`: 128 or 100 proven bits.
    `optimize`: "time", "balanced" or "size". `options`: bits of activations, weights, inputs and outputs, each 2 to 32,
    of a table's rows, 2 to 20, and what else decides precision (`tacit.quantize.Options`).
    `max_error`: the largest relative error of an output, on the calibration samples, that is taken; the compiler aims for
    1e-3, and warns (AccuracyWarning) above that.
    `architecture_only`: a program that depends on no weight and no hidden sample, one for all checkpoints of an architecture
    (ADR 0010). Public are the `ranges`, which then may name outputs too ({"x": (-1.0, 1.0), "y": (-20.0, 20.0)}), or, without
    any, `calibration`.

    The program's `report` (`tacit.compiler.accuracy.Report`) compares it with the original model; it is private, and in no file.
    Raises ModelError, InputError, QuantizationError (slug accuracy: above `max_error`, or more than a twentieth of the
    samples have no proof), ProgramError.
    """
    # Here, so that proving and verifying load no compiler.
    from tacit.compiler.pipeline import compile_model
    from tacit.quantize import Options

    check("options", options, Options, optional=True)
    chosen = options or Options()
    if headroom is not None:
        chosen = dataclasses.replace(chosen, headroom=headroom)
    _check_precision(chosen)
    check_count("batch", batch, 2**31 - 1)
    check_count("proofs", proofs)
    _check_bounds(security, max_error)
    check("architecture_only", architecture_only, bool)
    with slow("compiling"):
        compiled, integers = compile_model(
            model,
            calibration=calibration,
            batch=batch,
            inputs=input,
            weights=weights,
            outputs=outputs,
            threshold=threshold,
            max_error=float(max_error),
            overflow=overflow,
            input_ranges=ranges,
            options=chosen,
            architecture_only=architecture_only,
        )
    shortfalls = compiled.shortfalls()
    for shortfall in shortfalls:
        warnings.warn(shortfall, AccuracyWarning, stacklevel=2)
    encoded = compiled.program.encode()
    with failures():
        geometry = _native.derive([encoded], proofs, security, optimize)
        report = dataclasses.replace(compiled.accuracy, notes=(*compiled.remarks(), *shortfalls))
        # The file is public, and the report's figures are functions of weights and samples: only the cost stands in it.
        notes = json.dumps({"cost": _plain(compiled.cost)}, sort_keys=True)
        program = Program(_native.Program(encoded, geometry, proofs, notes, compiled.architecture), report)
    try:
        program.check()
    except ProgramError as error:
        raise CompilerBug(f"the program is not what its own layers are lowered to: {error.reason}") from None
    note(costly(program))
    tensors = {name: np.asarray(values, dtype=np.int64) for name, values in integers.tensors}
    return program, Weights(program.digest, integers.role, tensors)


def _check_precision(options: Options) -> None:
    """Bits that a scale can be made for, and a headroom that is room. Raises InputError."""
    check("headroom", options.headroom, Real)
    for name in ("activation_bits", "weight_bits", "input_bits", "output_bits", "table_bits"):
        bits, most = getattr(options, name), MOST_TABLE_BITS if name == "table_bits" else 32
        check(name, bits, Integral, optional=True)
        if bits is not None and not 2 <= bits <= most:
            raise InputError(f"expected 2 to {most} bits, got {bits}", slug="bits", place=name)
    check("spare", options.spare, Integral)
    if not 0 <= options.spare <= MOST_SPARE:
        raise InputError(f"expected 0 to {MOST_SPARE} bits, got {options.spare}", slug="bits", place="spare")
    if not 1 <= options.headroom <= MOST_HEADROOM:
        raise InputError(
            f"expected a factor from 1 to {MOST_HEADROOM}, got {options.headroom:g}", slug="headroom", place="headroom"
        )


def _check_bounds(security: int, max_error: float) -> None:
    """Bits that there are parameters for, and a share. Raises InputError."""
    if security not in (100, 128):
        raise InputError(f"expected 128 or 100 bits, got {security}", slug="security", place="security")
    check("max_error", max_error, Real)
    if not max_error > 0:
        raise InputError(f"expected a share above 0, got {max_error:g}", slug="max_error", place="max_error")


def _plain(value: Any) -> Any:
    """Numbers, strings, lists and dictionaries of a dataclass."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value
