"""The owner's calls: commit and prove."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from tacit import _native
from tacit.api import integers
from tacit.api.matching import secret_for
from tacit.api.native import failures
from tacit.api.objects import Array, Ints, Program, Proof, Weights
from tacit.api.parameters import by_name, check, check_names, check_weights, further, given_integers, refuse_more
from tacit.api.secret import Secret
from tacit.errors import InputError
from tacit.progress import slow


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
    return integers.commit(program, weights.role, weights.tensors, proofs=proofs, children=children, refusals=refusals)


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
    return integers.commit(program, "data", tensors, proofs=proofs, children=children, refusals=refusals)


def prove(
    program: Program,
    model: Secret | None = None,
    inputs: Mapping[str, Array] | Array | None = None,
    *,
    data: Secret | None = None,
    commitments: Mapping[str, Secret] | None = None,
    context: bytes = b"",
    profile: bool = False,
    detail: bool = False,
) -> Proof:
    """Run the committed model on an input and prove the answer.

    `inputs`: real values by input name, or one array for the one input there is (not for committed inputs).
    `data`: the secret of the committed inputs. `commitments`: the secrets of any further roles that the program has, such as a
    training program's "next". A secret of another role is taken where its tensors are those of the program's slab.
    `context`: bytes that the proof is bound to, such as a nonce. `profile`: keep the seconds of every phase in the proof's
    `profile`. `detail`: for the owner of the weights, the tensor and the value in the error's `details["hidden"]`; pass these on
    to nobody.

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
    secrets = {"model": model, "data": data, **further(commitments, "model", "data", "output")}
    for name, secret in secrets.items():
        check(name, secret, Secret, optional=True)
    flat = given_integers(program, inputs)
    given = dict(secrets)
    slabs = [secret_for(program, name, given.pop(name, None)) for name in program.commitments if name != "output"]
    refuse_more(given)
    with ExitStack() as counting:
        for secret in secrets.values():
            if secret is not None:
                counting.enter_context(secret._counted.counting())
        output, outputs = _commit_outputs(program, slabs, flat, detail) if program.commits_outputs else (None, {})
        if output is not None:
            slabs.append(output._native)
        with slow("proving"), failures(detail=detail):
            publics, argument, phases, total, peak = _native.prove(program._native, slabs, flat, context)
    file = integers.file_of(program, slabs, publics, argument)
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
    return integers.commit(program, "output", tensors), values
