"""What a program answers, without a proof: nothing is committed, nothing is counted, nothing is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from tacit import _native
from tacit.api.matching import secret_for
from tacit.api.native import exception, failures
from tacit.api.objects import Array, Ints, Port, Program, Weights
from tacit.api.parameters import by_name, check, check_names, check_weights, refuse_more
from tacit.api.secret import Secret
from tacit.errors import InputError, TacitError
from tacit.exact import as_integers, rounded
from tacit.progress import slow

#: Committed cells that are computed between two looks at an interrupt, and the most samples.
WORK, MOST = 1 << 24, 1024

#: In place of an integer that no proof states.
NONE = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Run:
    """The outputs by name: real values in `outputs`; in `integers` what a proof would state, exactly.

    Of many samples each array has their axis in front. `refused`: the samples that have no proof, by number, each with the
    error that `tacit.prove` raises for it (with `detail`, as it was asked for here); their rows are NaN in `outputs` and the
    least int64 in `integers`.
    """

    outputs: Mapping[str, Array]
    integers: Mapping[str, Array] = field(repr=False)
    refused: Mapping[int, TacitError] = field(default_factory=dict)


def run(
    program: Program,
    model: Weights | Secret,
    inputs: Mapping[str, Array] | Array | None = None,
    *,
    data: Secret | None = None,
    detail: bool = False,
) -> Run:
    """Run the integer program on the same numbers as a proof, without proving: fast, and nothing is spent.

    `model`: the weights, or their secret; one that is spent, or a master, will do. `inputs`: real values by input name, or
    one array for the one input there is; for one proof (the shape of the port), or for many: with an axis in front,
    (n, *shape), or, for a program of batch 1, (n, d..) as in calibration; then the outputs are (n, e..) as well. Committed
    inputs: values among `inputs`, or their secret as `data`, which all samples share.
    A single sample that has no proof raises what `tacit.prove` raises. Among many it ends nothing: it is in `refused`.
    `detail`: as for `tacit.prove`, hidden values in `details` of these errors; never in what they say, for an answer may
    be relayed. But nothing is counted here: a service lets `tacit.prove` refuse, which counts. Raises InputError.
    """
    check("detail", detail, bool)
    runner = runner_of(program, model, data, detail=detail)
    ports = [port for port in program.inputs.values() if data is None or port.place != "data"]
    named = by_name("inputs", inputs, ports)
    check_names(named, ports)
    arrays, count, form = _stacked(ports, named)
    with slow("running"):
        found = run_samples(program, runner, arrays, count, detail=detail)
    if form is Form.STACKED:
        return found
    if form is Form.ONE:
        for error in found.refused.values():
            raise error

    def cut(arrays: Mapping[str, Array]) -> dict[str, Array]:
        if form is Form.ONE:
            return {name: array[0] for name, array in arrays.items()}
        single = {name for name, port in program.outputs.items() if port.shape[:1] == (1,)}
        return {name: array[:, 0] if name in single else array for name, array in arrays.items()}

    return Run(cut(found.outputs), cut(found.integers), found.refused)


def runner_of(
    program: Program, model: Weights | Secret, data: Secret | None = None, *, detail: bool = False
) -> _native.Runner:
    """The program with its commitments' values, each in its interval. Raises InputError."""
    check("program", program, Program)
    check("model", model, Weights, Secret)
    check("data", data, Secret, optional=True)
    given: dict[str, Weights | Secret | None] = {"model": model, "data": data}
    secrets, plain = [], []
    for name in program.commitments:
        value = given.pop(name, None)
        if name == "output" or (name == "data" and value is None):
            continue
        if isinstance(value, Weights):
            check_weights(program, value)
            plain.append((value.role, [(tensor, as_integers(v, tensor)) for tensor, v in value.tensors.items()]))
        else:
            secrets.append((name, secret_for(program, name, value)))
    refuse_more(given)
    with failures("model" if plain else "", detail=detail):
        return _native.Runner(program._native, secrets, plain)


def run_samples(
    program: Program, runner: _native.Runner, arrays: Mapping[str, Array], count: int, *, detail: bool = False
) -> Run:
    """Run `count` samples; `arrays`: (count, *shape) by input name, outputs alike. Raises InputError for no single sample."""
    ports = [port for port in program.inputs.values() if port.name in arrays]
    integers = {
        name: np.full((count, int(np.prod(port.shape))), NONE, dtype=np.int64) for name, port in program.outputs.items()
    }
    refused: dict[int, TacitError] = {}
    cells = program.estimate["witness_cells"] + sum(program.estimate["committed_cells"])
    step = max(1, min(MOST, WORK // max(1, cells)))
    for start in range(0, count, step):
        part = {port.name: arrays[port.name][start : start + step] for port in ports}
        kept, flat, errors = _quantized(ports, part, min(step, count - start))
        found, failed = runner.run(flat, len(kept))
        for name, values in zip(program.outputs, found, strict=True):
            integers[name][start + kept] = values
        errors |= {int(kept[i]): exception(parts, detail=detail) for i, parts in failed}
        refused |= {start + i: errors[i] for i in sorted(errors)}
    shaped, outputs = {}, {}
    for name, port in program.outputs.items():
        shaped[name] = integers[name].reshape(count, *port.shape)
        outputs[name] = shaped[name] * 2.0**-port.frac
        outputs[name][list(refused)] = np.nan
    return Run(outputs, shaped, refused)


def _quantized(
    ports: list[Port], arrays: Mapping[str, Array], count: int
) -> tuple[Ints, list[tuple[str, Ints]], dict[int, TacitError]]:
    """Samples whose inputs are all in range; their integers by tensor; why the others are not."""
    errors: dict[int, TacitError] = {}
    whole = {}
    for port in ports:
        values = port.numbers(arrays[port.name]).reshape(count, -1)
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = rounded(values, port.frac)
            good = (scaled >= port.lo) & (scaled <= port.hi)  # not so for NaN
        for i in np.flatnonzero(~good.all(axis=1)):
            if int(i) not in errors:
                errors[int(i)] = _error(port, values[i].reshape(port.shape))
        whole[port.tensor] = scaled
    kept = np.array([i for i in range(count) if i not in errors], dtype=np.int64)
    return kept, [(name, np.ascontiguousarray(v[kept].astype(np.int64))) for name, v in whole.items()], errors


def _error(port: Port, values: Array) -> TacitError:
    """What `Port.quantize` says of values that it does not take."""
    try:
        port.quantize(values)
    except InputError as error:
        return error
    raise AssertionError("unreachable: a value is out of range")


class Form(Enum):
    """How inputs were given: what one proof takes, with an axis in front of that, or samples in place of a batch of one."""

    ONE = 0
    STACKED = 1
    SAMPLES = 2


def _stacked(ports: list[Port], inputs: Mapping[str, Any]) -> tuple[dict[str, Array], int, Form]:
    """Inputs as (n, *shape), n, and how they were given. Raises InputError."""
    arrays = {port.name: as_array(port, inputs[port.name]) for port in ports}
    if all(_is_one(port, arrays[port.name]) for port in ports):
        return {port.name: arrays[port.name].reshape(1, *port.shape) for port in ports}, 1, Form.ONE
    form = Form.STACKED
    for port in ports:
        array = arrays[port.name]
        if array.shape[1:] == port.shape and array.ndim == len(port.shape) + 1:
            continue
        if port.shape[:1] != (1,) or array.ndim != len(port.shape) or array.shape[1:] != port.shape[1:]:
            samples = f", or samples (n, {', '.join(map(str, port.shape[1:]))})" if port.shape[:1] == (1,) else ""
            raise InputError(
                f"expected shape {port.shape}, or an axis in front of it{samples}, got {array.shape}",
                slug="shape",
                place=port.name,
            )
        form = Form.SAMPLES
        arrays[port.name] = array[:, None]
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{n} of {name}" for name, n in counts.items())
        raise InputError(f"expected as many samples of each input, got {each}", slug="shape", place=next(iter(counts)))
    return arrays, next(iter(counts.values())), form


def _is_one(port: Port, array: Array) -> bool:
    """Whether it is what one proof takes: the port's shape, but for axes of one entry (as `Port.quantize` has it)."""
    if array.shape == port.shape:
        return True
    stack = array.shape[1:] == port.shape and array.ndim == len(port.shape) + 1
    return not stack and tuple(n for n in array.shape if n != 1) == tuple(n for n in port.shape if n != 1)


def as_array(port: Port, values: Any) -> Array:
    """An array as it is; anything else as real numbers. Raises InputError."""
    return values if isinstance(values, np.ndarray) else port.numbers(values)
