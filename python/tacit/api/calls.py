"""The owner's calls: commit and prove."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from numbers import Integral

from tacit import _native
from tacit.api.cost import costly
from tacit.api.native import failures
from tacit.api.objects import Array, Ints, Program, Proof, Weights
from tacit.api.parameters import (
    by_name,
    check,
    check_count,
    check_names,
    check_weights,
    given_integers,
    refuse_more,
    secret_of,
)
from tacit.api.secret import Secret, check_number
from tacit.errors import InputError
from tacit.exact import as_integers
from tacit.progress import note, slow


def commit_model(
    program: Program,
    weights: Weights,
    *,
    proofs: int | None = None,
    children: int = 0,
    refusals: int | None = None,
) -> Secret:
    """Commit to the weights, and prove that they lie in the program's intervals.

    `proofs`: the allowance, at most what the program was compiled for. `children`: make a master instead, whose
    allowance is spent on so many children (`Secret.rotate`); they make the proofs, under the master's identity.
    `refusals`: how often a proof may be refused for a value inside the network, which tells one bit of what is hidden; as
    often as there are proofs, if not given; not for a master, whose children count.

    A spent commitment is renewed (`Secret.renew`). The allowance is a cliff. Up to it nothing is shown; beyond it, after the
    journal was restored from a backup or the secret was copied, the openings are linear equations for the values: a model of
    8 weights was read in full from 14 proofs on an allowance of 8. Never restore a journal, never copy a secret; after a
    restore renew until the identity is new, never prove.

    Raises InputError, AllowanceExceeded.
    """
    check("program", program, Program)
    check("weights", weights, Weights)
    check_weights(program, weights)
    return commit_integers(program, weights.role, dict(weights.tensors), proofs, children, refusals)


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
    `proofs`, `children`, `refusals`: as for `commit_model`. Raises InputError, AllowanceExceeded.
    """
    check("program", program, Program)
    ports = [port for port in program.inputs.values() if port.place == "data"]
    if not ports:
        raise InputError(
            "the program takes no committed input",
            slug="visibility",
            place="data",
            remedy='compile with input="committed"',
        )
    named = by_name("inputs", inputs, ports)
    check_names(named, ports)
    tensors = {port.tensor: port.quantize(named[port.name]) for port in ports}
    return commit_integers(program, "data", tensors, proofs, children, refusals)


def commit_integers(
    program: Program,
    role: str,
    tensors: Mapping[str, Array],
    proofs: int | None,
    children: int,
    refusals: int | None = None,
) -> Secret:
    """Commit to integers by tensor name, as `commit_model` does to weights. Raises InputError, AllowanceExceeded."""
    allowance = program.proofs if proofs is None else proofs
    check_count("proofs", allowance)
    if allowance > program.proofs:
        raise InputError(
            f"expected at most {program.proofs} proofs, which the program was compiled for, got {allowance}",
            slug="proofs",
            place="proofs",
            remedy="compile for more proofs (option proofs)",
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
                remedy=f"give the number of {name} when the master is rotated",
            )
    check_number("refusals", refusals)
    flat = [(name, as_integers(values, name)) for name, values in tensors.items()]
    note(costly(program, role))
    with slow(f"committing to the {role}"), failures(role):
        return Secret(_native.commit(program._native, role, flat, allowance, children, refusals))


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
    `data`: the secret of the committed inputs. `context`: bytes that the proof is bound to, such as a nonce.
    `profile`: keep the seconds of every phase in the proof's `profile`. `detail`: for the owner of the weights, the tensor and
    the value in the error's `details["hidden"]`; pass these on to nobody.

    Spends one proof of each private secret, once the values are known to have a proof; values that have none for a reason
    inside the network are counted as a refusal of each (`Secret.remaining_refusals`). Inputs out of range are refused first,
    before a secret is looked at. A value inside the network that leaves its range is refused by one sentence that names none
    (slug execution), for it tells of the weights.

    The proof's `outputs` are the answer, until it is verified by the word of whoever proves. A program with committed outputs:
    they are committed anew for this proof, and its `output` is their secret.

    Raises InputError, AllowanceExceeded (slugs allowance, refusals, renewed, restored, ..).
    """
    check("program", program, Program)
    check("context", context, bytes, bytearray)
    check("detail", detail, bool)
    for name, secret in (("model", model), ("data", data)):
        check(name, secret, Secret, optional=True)
    flat = given_integers(program, inputs)
    given = {"model": model, "data": data}
    secrets = [secret_of(name, given.pop(name, None)) for name in program.commitments if name != "output"]
    refuse_more(given)
    with ExitStack() as counting:
        for secret in (model, data):
            if secret is not None:
                counting.enter_context(secret._counted.counting())
        output, outputs = _commit_outputs(program, secrets, flat, detail) if program.commits_outputs else (None, {})
        if output is not None:
            secrets.append(output._native)
        with slow("proving"), failures(detail=detail):
            publics, argument, phases, total, peak = _native.prove(program._native, secrets, flat, context)
    with failures():
        identities = [secret.identity for secret in secrets]
        file = _native.proof_to_file(
            program._native.digest, identities, [values.tolist() for _, values in publics], argument
        )
    shown = dict(publics)
    outputs |= {p.name: p.dequantize(shown[p.tensor]) for p in program.outputs.values() if p.tensor in shown}
    times = {**dict(phases), "total": total} if profile else {}
    return Proof(file, times, peak, output, outputs)


def _commit_outputs(
    program: Program, secrets: list[_native.Slab], inputs: list[tuple[str, Ints]], detail: bool
) -> tuple[Secret, dict[str, Array]]:
    """Compute the outputs and commit to them; their real values too. Spends nothing of the secrets."""
    with failures(detail=detail):
        tensors = dict(_native.compute(program._native, secrets, inputs, "output"))
    values = {}
    for port in program.outputs.values():
        name = port.tensor if port.tensor in tensors else port.tensor.removeprefix("output/")
        if port.place == "output" and name in tensors:
            values[port.name] = port.dequantize(tensors[name])
    return commit_integers(program, "output", tensors, None, 0), values
