"""`tacit.train.compile`: from a public description of a task to the programs of its deployment, and what to expect of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from math import ceil, log2
from typing import TYPE_CHECKING, Any

from tacit.api.parameters import check_count
from tacit.compiler.cost import cost
from tacit.data.limits import check_records
from tacit.errors import AccuracyWarning, InputError, QuantizationError
from tacit.program.builder import Settings
from tacit.program.intervals import OutOfField
from tacit.train.autograd import check_gradients
from tacit.train.deployment import Deployment, deployed
from tacit.train.description import KINDS, Description, Digits
from tacit.train.emit import SETTINGS, Places
from tacit.train.loss import LOSSES, Loss
from tacit.train.meaning import check_meaning
from tacit.train.models import graph_of
from tacit.train.network import Network, network
from tacit.train.optimizer import SGD, factors
from tacit.train.options import check_ends, check_kinds, check_options, check_size, plain_scales
from tacit.train.programs import Programs
from tacit.train.report import report
from tacit.train.step import Plan, Record
from tacit.train.tape import Scales

if TYPE_CHECKING:
    from tacit.data import Schema

#: A difference of accuracy above this is warned of, and weights that end further apart, as a share of their way.
MOST_LOST, MOST_APART = 0.005, 0.25
#: Bits more than by default that errors of numbers may have.
MOST_WIDER = 3


def compile(
    model: Any,
    *,
    schema: Schema,
    optimizer: SGD,
    records: int,
    loss: str | None = None,
    base: str = "public",
    next: str = "public",
    frozen: Sequence[str] = (),
    overflow: str = "total",
    scales: Scales | None = None,
    calibration: Any = None,
    infer: int = 1,
    evaluate: int | None = None,
    proofs: int = 64,
    security: int = 128,
    optimize: str = "balanced",
    name: str = "",
) -> Deployment:
    """The programs of one task: training, inference, dataset, all under one geometry. Nothing private goes in.

    `model`: an architecture (`mlp(784, 128, 10)`, an ONNX file, a torch module, a scikit-learn MLP, LogisticRegression or linear
    model); its weights are the first base (`Deployment.initial`) and are in no program. `schema`: what a record is
    (`tacit.data.Schema`). `records`: N of a shard, which is what a proof of training is about. `loss`: "cross_entropy",
    "logistic" or "mse", which is half the squared error, 1/2 sum (z - y)^2 of a record's targets, in units of their scales:
    its gradient is z - y, so a rate here is 2/targets times that for a mean over batch and targets (PyTorch's MSELoss). By
    default as the schema's labels are. `optimizer`: see `SGD`.
    `base`, `next`: who knows the weights before and after, "public" or "private" (a commitment). `frozen`: names of weights
    that stay, with * for any part. `overflow`: "total": every shard in range has a proof, values far beyond are clamped,
    unless a base is so near the ends of its weights' intervals that steps carry one beyond, which everybody sees of a public
    one; "refuse": cheaper, and a hostile base can leave honest nodes without one. `scales`: bits, else the most that fit.
    `calibration`: (x, y) or a table of public records for the report, else some are drawn. `infer`: records of an inference.
    `evaluate`: records of a committed test shard, of which a proof says how many are predicted right; as many as `records` if
    not given, 0 for none.
    `proofs`, `security`, `optimize`: as for `tacit.compile`.

    Weights are exact: W[t+1] = W[t] - c G[t], so scales depend on the rate (`SGD`). The report compares the integers with
    float64 training on the same batches. Raises ModelError, InputError, QuantizationError (slug scales: no exact update fits).
    """
    check_kinds(schema, optimizer)
    check_options(
        frozen=frozen, overflow=overflow, scales=scales, infer=infer, evaluate=evaluate, name=name, base=base, next=next
    )
    check_count("proofs", proofs)
    records, scales = check_records(records), plain_scales(scales)
    chosen = _loss(loss, schema)
    graph = graph_of(model, schema, chosen, frozen)
    trained = network(graph, frozen=frozen, end=chosen.end)
    check_ends(trained, schema.features, schema.labels)
    check_meaning(trained)
    check_gradients(model, trained, schema.features)
    trained = replace(trained, graph=replace(trained.graph, provenance=None))  # it has said what it had to
    description = _description(trained, schema, chosen, optimizer, records)
    check_size(trained, len(description.plan.chunks))
    order = "all" if optimizer.batch is None else optimizer.order
    description = replace(
        description, places=Places(base, next, order), overflow=overflow, infer=int(infer),
        evaluate=records if evaluate is None else int(evaluate),
        name=name or graph.name,
    )  # fmt: skip
    programs = fitting(description, scales)
    made = deployed(programs, schema, trained.weights, proofs, security, optimize)
    found = report(made, schema, optimizer, calibration)
    if found.lost > MOST_LOST and found.records >= 1 / MOST_LOST:
        warnings.warn(f"{found.lost:.1%} of accuracy is lost to the integers: {found}", AccuracyWarning, stacklevel=2)
    elif found.apart > MOST_APART:
        warnings.warn(
            f"integers take other steps than float64, with values that are clamped to the scales: {found}. Labels and "
            "columns of about 1 (center, scale), smaller first weights or wider scales (option scales) help",
            AccuracyWarning,
            stacklevel=2,
        )
    made.report = found
    return made


def _loss(name: str | None, schema: Schema) -> Loss:
    if name is None:
        name = "mse" if schema.classes is None else "logistic" if schema.labels == 1 else "cross_entropy"
    if not isinstance(name, str) or name not in LOSSES:
        raise InputError(f"expected one of {', '.join(LOSSES)}, got {name!r}", slug="loss", place="loss")
    if LOSSES[name].classes != (schema.classes is not None):
        kind = "classes" if schema.classes is not None else "numbers"
        raise InputError(f"the labels are {kind}: {name} is no loss of them", slug="loss", place="loss")
    if name == "cross_entropy" and schema.labels < 2:
        raise InputError("one score has no softmax", slug="loss", place="loss", remedy='use loss="logistic"')
    return LOSSES[name]


def _description(trained: Network, schema: Schema, loss: Loss, optimizer: SGD, records: int) -> Description:
    data = tuple((name, tuple(shape), lo, hi) for name, shape, lo, hi in schema.tensors(records))
    batch = records if optimizer.batch is None else int(optimizer.batch)
    if batch > records:
        raise InputError(f"expected batches of at most the {records} records, got {batch}", slug="batch", place="batch")
    if optimizer.order == "committed" and optimizer.batch is not None and batch * optimizer.steps > records:
        raise InputError(
            f"expected at most {records // batch} steps over {records} records in their order, got {optimizer.steps}",
            slug="steps",
            place="steps",
            remedy='use order="permutation", whose epochs repeat',
        )
    record = Record(
        schema.features, schema.interval, schema.frac, schema.labels, schema.label_interval, schema.label_frac
    )
    schedule = optimizer.schedule()
    cs, power = factors([rate / batch for _, rate in schedule])
    chunks = [(part, c) for (steps, _), c in zip(schedule, cs, strict=True) for part in powers(steps)]
    plan = Plan(
        trained, record, loss, Scales(), batch, tuple(c for _, c in chunks), power,
        tuple(steps for steps, _ in chunks), float(optimizer.momentum) + 0.0, float(optimizer.decay) + 0.0,  # -0.0 is 0.0
    )  # fmt: skip
    return Description("", plan, records, data, Places())


def powers(steps: int) -> list[int]:
    """Steps as powers of two, largest first: an axis is padded to one. A rest of little more than one is not cut further."""
    out = []
    while steps:
        power = 1 << (steps.bit_length() - 1)
        if steps > power * 7 // 8 * 2 or steps == power:
            out.append(steps)
            break
        out.append(power)
        steps -= power
    return out


def _wanted(plan: Plan) -> list[Scales]:
    """Errors of numbers are as large as twice a label: what is clamped is another step. Then those of every other task."""
    usual, (lo, hi) = Scales(), plan.record.label_interval
    if plan.loss.classes:
        return [usual]
    reach = 2 * max(-lo, hi, 1) * 2.0**-plan.record.label_frac
    wider = min(MOST_WIDER, max(0, usual.errors + 1 + ceil(log2(reach)) - usual.error_bits))
    return [replace(usual, error_bits=usual.error_bits + wider)] * (wider > 0) + [usual]


def _candidates(scales: Scales) -> list[Scales]:
    """From the given bits down: fractional bits are given up before the range, for what is clamped is not learnt."""
    found = []
    for lost, more, narrow in product(range(5), (0, 1), (0, 1)):
        given = replace(
            scales,
            activations=scales.activations - lost,
            activation_bits=scales.activation_bits - lost - narrow,
            errors=scales.errors - lost - more,
            error_bits=scales.error_bits - lost - more - narrow,
        )
        found.append((lost + more / 2 + narrow * 3 / 4, given))
    return [given for _, given in sorted(found, key=lambda pair: pair[0])]


#: Bits of digits, and of the widest activation that is one lookup: large tables pay where there are many lookups.
CHOICES = (Settings(8, 8), Settings(8, 13), Settings(11, 13), Settings(13, 15), SETTINGS)


def _digits(made: Programs) -> Digits:
    """Of every program, the digits that the cost estimate likes best."""
    chosen = []
    for name in KINDS:
        found: list[tuple[float, Settings]] = []
        for settings in CHOICES:
            own = made.with_digits((settings, settings, settings))
            with suppress(OutOfField):
                program = own.program(name)
                if program is not None:
                    found.append((cost(program).nanoseconds, settings))
        chosen.append(min(found, key=lambda pair: pair[0])[1] if found else SETTINGS)
    train, infer, evaluate = chosen
    return train, infer, evaluate


def fitting(description: Description, scales: Scales | None) -> Programs:
    """The programs with the most bits that stay within the field. Raises QuantizationError (slug scales)."""
    last: Exception | None = None
    given = (
        [scales] if scales is not None else [found for most in _wanted(description.plan) for found in _candidates(most)]
    )
    for candidate in given:
        made = Programs(replace(description, plan=replace(description.plan, scales=candidate)))
        try:
            _ = made.training, made.inference, made.evaluation
        except OutOfField as error:
            last = error
            continue
        return made.with_digits(_digits(made))
    raise QuantizationError(
        f"an update without rounding leaves the field: {last}",
        slug="scales",
        place=description.plan.network.graph.name,
        remedy="prove fewer steps at a time, take smaller batches or a larger rate, or give fewer bits (option scales)",
    )
