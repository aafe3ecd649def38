"""The main calls: compile, commit, prove, verify."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit import _native
from tacit.api.arguments import (
    by_name,
    check,
    check_names,
    check_weights,
    given_integers,
    refuse_more,
    secret_of,
)
from tacit.api.claims import input_claims, predicates
from tacit.api.cost import costly
from tacit.api.native import failures
from tacit.api.objects import (
    Array,
    Commitment,
    Ints,
    Program,
    Proof,
    Statement,
    Weights,
    check_target,
)
from tacit.api.secret import Secret, check_number
from tacit.errors import AccuracyWarning, InputError, InvalidProof
from tacit.exact import as_integers
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
    `threshold`: publish only whether an output reaches a value (see `tacit.compiler`).
    `ranges`: (least, greatest) of the inputs, by name or for the one there is; numbers, or one for each entry of the last axis.
    They are public, and take the place of what the samples say. What the program takes is one range an input, of a power of two
    of steps: it reaches further up than the declared one (`Port.range`). An input outside that one has no proof.
    `overflow`: what becomes of values inside the network that are far beyond those of the samples. "total": every input in
    range has a proof; such values are clamped, or there is room for them, whatever costs less. "saturate": all clamped;
    "widen": room for all, so that the program is the network everywhere (but a Gelu beyond its table); "refuse": such an input
    has no proof, which tells of the weights (docs/security.md, section 4).
    `proofs`: proofs that one private commitment is blinded for; above 1,024 a line on stderr says what that costs, and
    how masters and children make as many for less (`Program.estimate["commitments"]`). `security`: 128 or 100 proven bits.
    `optimize`: "time", "balanced" or "size". `options`: bits of activations, weights, inputs and outputs, each 2 to 32,
    of a table's rows, 2 to 20, and what else decides precision (`tacit.quantize.Options`).
    `max_error`: the largest relative error of an output, on the calibration samples, that is taken; the compiler aims for
    1e-3, and warns (AccuracyWarning) above that.
    `architecture_only`: a program that depends on no weight and no hidden sample, one for all checkpoints of an architecture
    (ADR 0010). Public are the `ranges`, which then may name outputs too ({"x": (-1.0, 1.0), "y": (-20.0, 20.0)}), or, without
    any, `calibration`.
    The program's `report` (`tacit.report.Report`) compares it with the original model; it is private, and in no file.
    Raises ModelError, InputError, QuantizationError (slug accuracy: above `max_error`, or more than a twentieth of the
    samples have no proof), ProgramError.
    """
    # Here, so that proving and verifying load no compiler.
    from tacit.compiler import compile_model
    from tacit.quantize import Options

    check("options", options, Options, optional=True)
    chosen = options or Options()
    if headroom is not None:
        chosen = dataclasses.replace(chosen, headroom=headroom)
    _check_precision(chosen)
    _check_count("batch", batch, 2**31 - 1)
    _check_count("proofs", proofs)
    if security not in (100, 128):
        raise InputError(f"expected 128 or 100 bits, got {security}", slug="security", place="security")
    check("max_error", max_error, Real)
    check("architecture_only", architecture_only, bool)
    if not max_error > 0:
        raise InputError(f"expected a share above 0, got {max_error:g}", slug="max_error", place="max_error")
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
        geometry = _native.derive(encoded, proofs, security, optimize)
        report = dataclasses.replace(compiled.accuracy, notes=(*compiled.remarks(), *shortfalls))
        # The file is public, and the report's figures are functions of weights and samples: only the cost stands in it.
        notes = json.dumps({"cost": _plain(compiled.cost)}, sort_keys=True)
        program = Program(_native.Program(encoded, geometry, proofs, notes), report)
    note(costly(program))
    tensors = {name: np.asarray(values, dtype=np.int64) for name, values in integers.tensors}
    return program, Weights(program.digest, integers.slab, tensors)


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


def _check_count(name: str, count: int, most: int = 2**32 - 1) -> None:
    """A number that the native code can take. Raises InputError."""
    check(name, count, Integral)
    if not 1 <= count <= most:
        raise InputError(f"expected 1 to {most}, got {count}", slug=name, place=name)


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


def commit_model(
    program: Program,
    weights: Weights,
    *,
    proofs: int | None = None,
    children: int = 0,
    refusals: int | None = None,
) -> Secret:
    """Commit to the weights, and prove that they lie in the program's intervals.

    `proofs`: the budget, at most what the program was compiled for. `children`: make a master instead, whose
    budget is spent on so many children (`Secret.rotate`); they make the proofs, under the master's identity.
    `refusals`: how often a proof may be refused for a value inside the network, which tells one bit of what is hidden; as
    often as there are proofs, if not given; not for a master, whose children count. A spent one is renewed (`Secret.renew`).

    The budget is a cliff. Up to it nothing is shown; beyond it, after the journal was restored from a backup or the secret
    was copied, the openings are linear equations for the values: a model of 8 weights was read in full from 14 proofs on a
    budget of 8. Never restore a journal, never copy a secret; after a restore renew until the identity is new, never prove.
    Raises InputError, BudgetExceeded.
    """
    check("program", program, Program)
    check("weights", weights, Weights)
    check_weights(program, weights)
    return _commit(program, weights.slab, dict(weights.tensors), proofs, children, refusals)


def commit_data(
    program: Program,
    inputs: Mapping[str, Array] | Array,
    *,
    proofs: int | None = None,
    children: int = 0,
    refusals: int | None = None,
) -> Secret:
    """Commit to the inputs of a program that was compiled with input="committed".

    `inputs`: real values by input name, or one array for the one input there is.
    `proofs`, `children`, `refusals`: as for `commit_model`. Raises InputError, BudgetExceeded.
    """
    check("program", program, Program)
    ports = [port for port in program.inputs.values() if port.place == "data"]
    if not ports:
        raise InputError(
            "the program takes no committed input",
            slug="visibility",
            place="data",
            hint='compile with input="committed"',
        )
    named = by_name("inputs", inputs, ports)
    check_names(named, ports)
    tensors = {port.tensor: port.quantize(named[port.name]) for port in ports}
    return _commit(program, "data", tensors, proofs, children, refusals)


def _commit(
    program: Program,
    slab: str,
    tensors: Mapping[str, Array],
    proofs: int | None,
    children: int,
    refusals: int | None = None,
) -> Secret:
    budget = program.proofs if proofs is None else proofs
    _check_count("proofs", budget)
    if budget > program.proofs:
        raise InputError(
            f"expected at most {program.proofs} proofs, which the program was compiled for, got {budget}",
            slug="proofs",
            place="proofs",
            hint="compile for more proofs (option proofs)",
        )
    check("children", children, Integral)
    if not 0 <= children < 1 << 16:
        raise InputError(f"expected 0 to 65535 children, got {children}", slug="children", place="children")
    for name, number in (("proofs", proofs), ("refusals", refusals)):
        if children and number is not None:
            raise InputError(
                "a master makes children, and they make proofs",
                slug="children",
                place=name,
                hint=f"give the number of {name} when the master is rotated",
            )
    check_number("refusals", refusals)
    flat = [(name, as_integers(values, name)) for name, values in tensors.items()]
    note(costly(program, slab))
    with slow(f"committing to the {slab}"), failures(slab):
        return Secret(_native.commit(program._native, slab, flat, budget, children, refusals))


def prove(
    program: Program,
    model: Secret | None = None,
    inputs: Mapping[str, Array] | Array | None = None,
    *,
    data: Secret | None = None,
    context: bytes = b"",
    profile: bool = False,
    detail: bool = False,
) -> Proof:
    """Run the committed model on an input and prove the answer.

    `inputs`: real values by input name, or one array for the one input there is (not for committed inputs).
    `context`: bytes that the proof is bound to, such as a nonce. Spends one proof of each private secret, once the values are
    known to have a proof; values that have none for a reason inside the network are counted as a refusal of each
    (`Secret.remaining_refusals`). Raises InputError, BudgetExceeded (slugs budget, refusals, renewed, restored, ..).
    Inputs out of range are refused first, before a secret is looked at. A value inside the network that leaves its range
    is refused by one sentence that names none (slug execution), for it tells of the weights. `detail`: for their owner,
    the tensor and the value in the error's `details["hidden"]`; pass these on to nobody.
    The proof's `outputs` are the answer, until it is verified by the word of whoever proves. A program with committed outputs:
    they are committed anew for this proof, and its `output` is their secret.
    """
    check("program", program, Program)
    check("context", context, bytes, bytearray)
    check("detail", detail, bool)
    for name, secret in (("model", model), ("data", data)):
        check(name, secret, Secret, optional=True)
    flat = given_integers(program, inputs)
    given = {"model": model, "data": data}
    slabs = [secret_of(name, given.pop(name, None)) for name in program.slabs if name != "output"]
    refuse_more(given)
    with ExitStack() as counting:
        for secret in (model, data):
            if secret is not None:
                counting.enter_context(secret._counted.counting())
        output, outputs = _commit_outputs(program, slabs, flat, detail) if program.commits_outputs else (None, {})
        if output is not None:
            slabs.append(output._native)
        with slow("proving"), failures(detail=detail):
            publics, argument, phases, total, peak = _native.prove(program._native, slabs, flat, context)
    with failures():
        identities = [slab.identity for slab in slabs]
        file = _native.proof_to_file(program._native.digest, identities, [p.tolist() for p in publics], argument)
    shown = program._named(publics)
    outputs |= {p.name: p.dequantize(shown[p.tensor]) for p in program.outputs.values() if p.tensor in shown}
    times = {**dict(phases), "total": total} if profile else {}
    return Proof(file, times, peak, output, outputs)


def _commit_outputs(
    program: Program, slabs: list[_native.Slab], inputs: list[tuple[str, Ints]], detail: bool
) -> tuple[Secret, dict[str, Array]]:
    """Compute the outputs and commit to them; their real values too. Spends nothing of the slabs."""
    with failures(detail=detail):
        tensors = dict(_native.compute(program._native, slabs, inputs, "output"))
    values = {p.name: p.dequantize(tensors[p.tensor]) for p in program.outputs.values() if p.tensor in tensors}
    return _commit(program, "output", tensors, None, 0), values


def verify(
    program: Program,
    proof: Proof | bytes,
    *,
    model: Commitment | Weights | None = None,
    data: Commitment | None = None,
    output: Commitment | None = None,
    link: Commitment | None = None,
    context: bytes = b"",
    security: int = 128,
) -> Statement:
    """Accept a proof and say what it states, or raise InvalidProof with the reason and the part that differs.

    What it states of the inputs is in `Statement.says`: of a private one only that there is one that gives this output.

    A proof names its program and commitments: others are refused by name (slugs program, slabs). When those are right,
    an argument that does not fit is bound to another context, or the proof was changed.

    `model`: the model's commitment; its validity proof (and, for a child, its link) is checked once. Where the
    program says that weights are public, the Weights themselves. `output`: the commitment that came with the proof,
    where the program commits its outputs. `link`: a child that the proof was made with,
    where `model` (or `data`) is the master that is trusted. `security`: the proven bits to insist on, 1 to 160.
    """
    check("program", program, Program)
    check("proof", proof, Proof, bytes, bytearray, memoryview)
    check("model", model, Commitment, Weights, optional=True)
    for name, one in (("data", data), ("output", output), ("link", link)):
        check(name, one, Commitment, optional=True)
    check("context", context, bytes, bytearray)
    check_target(security)
    raw = proof.data if isinstance(proof, Proof) else bytes(proof)
    with failures():
        read = _native.Proof.from_file(raw)
        read.check_program(program._native)
    given: dict[str, Commitment | Weights | None] = {"model": model, "data": data, "output": output}
    if link is not None:
        given[link.slab] = _child(given.get(link.slab), link)
    commitments = []
    for name, private in program.slabs.items():
        commitments.append(_commitment(program, name, private, given.pop(name, None), security))
    for name, value in given.items():
        if value is not None:
            raise InvalidProof("the program has no such slab", slug="slabs", place=name)
    with failures():
        natives = [c._native for c in commitments]
        found = _native.verify(program._native, natives, read, context, int(security))
    return _statement(program, commitments, found, context)


def _child(master: Commitment | Weights | None, link: Commitment) -> Commitment:
    """The child, if it names this master; whether it is one is what `accept` checks."""
    if not isinstance(master, Commitment):
        raise InvalidProof("expected the commitment of its master", slug="slabs", place=link.slab)
    if link.master != master.identity:
        named = "no master" if link.master is None else f"one of {link.master[:16]}"
        raise InvalidProof(
            f"expected a child of {master.identity[:16]}, got {named}",
            slug="link",
            place=link.slab,
            hint="pass a commitment that was made by rotating this master",
        )
    return link


def _commitment(
    program: Program, name: str, private: bool, given: Commitment | Weights | None, security: int
) -> Commitment:
    if given is None:
        raise InvalidProof(f"the program needs the commitment of its {name}", slug="slabs", place=name)
    if isinstance(given, Weights):
        if private:
            raise InvalidProof("expected a commitment: the values are private", slug="slabs", place=name)
        given = commit_model(program, given).commitment
    if given.slab != name:
        raise InvalidProof(f"expected a commitment of {name}, got one of {given.slab}", slug="slabs", place=name)
    wanted = [(tensor, tuple(shape), lo, hi) for tensor, shape, lo, hi in program._native.schema(name)]
    if given.tensors != wanted:  # before any of its proofs is looked at: what they cost is then what the program allows
        raise InvalidProof(
            f"expected a commitment to the {len(wanted)} tensors of this program's {name}, got one to others",
            slug="schema",
            place=name,
            hint="give the commitment that was made for this program",
        )
    if not private and not given.known:
        raise InvalidProof(
            "the values are public: give them, so that they are compared",
            slug="slabs",
            place=name,
            hint="pass the weights file, not its commitment",
        )
    given.accept(security)
    return given


def _statement(program: Program, commitments: list[Commitment], found: dict[str, Any], context: bytes) -> Statement:
    publics = dict(found["publics"])
    integers: dict[str, Array] = {}
    values: dict[str, dict[str, Array]] = {"inputs": {}, "outputs": {}}
    for side, ports in (("inputs", program.inputs), ("outputs", program.outputs)):
        for name, port in ports.items():
            if port.tensor in publics:
                integers[name] = publics[port.tensor].reshape(port.shape)
                values[side][name] = port.dequantize(publics[port.tensor])
    hidden = [f"input {name}" for name, port in program.inputs.items() if port.place != "public"]
    hidden += [f"output {name}" for name, port in program.outputs.items() if port.place != "public"]
    hidden += [f"the values of {name}" for name, private in program.slabs.items() if private and name == "model"]
    digests = {"program": program.digest, **{c.slab: c.identity for c in commitments}}
    digests |= {f"master of {c.slab}": c.master for c in commitments if c.master is not None}
    return Statement(
        values["outputs"],
        values["inputs"],
        integers,
        digests,
        (*hidden, "every value in between"),
        context,
        found["bits"],
        input_claims(program, {c.slab: c.master or c.identity for c in commitments}),
        predicates(program, integers),
    )
