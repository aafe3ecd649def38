"""Compiles, executes and proves one case, compares with onnxruntime, and says what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from execution import execute
from graph_case import Array, Case
from graph_grower import session
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

import tacit
from tacit import _native
from tacit.api.objects import Program, Weights
from tacit.compiler.pipeline import CompiledProgram, compile_model
from tacit.compiler.pipeline import Weights as Integers
from tacit.compiler.ties import Doubts
from tacit.errors import InputError, TacitError, WitnessError
from tacit.graph import evaluate
from tacit.graph.registry import CANONICAL
from tacit.integer import architecture
from tacit.program.builder import Settings
from tacit.quantize.translate import quantize

#: The relative error that is aimed at; the error above which a program is wrong, whatever its report says; how much larger
#: an error on fresh samples may be than the largest one that the report promises.
AIM, WRONG, FRESH = 1e-3, 5e-2, 8.0
#: Inputs at the ends of the range, and in it, far from the samples.
CORNERS = 4
#: Fresh samples, and how far the importer's float64 evaluation may be from onnxruntime's float32.
COUNT, IMPORT = 8, 1e-4
#: What float32 may lose of the largest value in the network.
FLOAT32 = 5e-7

#: Causes of an error: 16 bits are too few for the graph and its samples, or something else.
PRECISION, BEYOND = "more than 16 bits are needed", "an error beyond rounding"

#: Outcomes that fail a run.
FAILURES = ("WRONG", "mismatch", "crash")


@dataclass(frozen=True)
class Verdict:
    """`outcome`: ok, refused, inaccurate, invalid (the case itself), unclear (float32 is not precise enough), WRONG,
    mismatch or crash. `reason`: its class, for tallies. `error`: the largest relative error on the calibration samples."""

    outcome: str
    reason: str = ""
    error: float = 0.0
    detail: str = ""
    left: int = field(default=0, compare=False)

    @property
    def failed(self) -> bool:
        return self.outcome in FAILURES


class _Stop(Exception):
    def __init__(self, outcome: str, reason: str, detail: str = "", error: float = 0.0) -> None:
        self.verdict = Verdict(outcome, reason, error, detail)


def check(case: Case, *, proof: bool = True) -> Verdict:
    """Never raises, but for KeyboardInterrupt and TimeoutError."""
    try:
        return _Check(case).run(proof)
    except _Stop as stop:
        return stop.verdict
    except (KeyboardInterrupt, TimeoutError, SystemExit):
        raise
    except BaseException as error:  # a panic of the native code is no Exception
        where = _last_place(error)
        return Verdict("crash", f"{type(error).__name__} {where}", detail=str(error)[:300])


def _last_place(error: BaseException) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if "tacit" in code.co_filename:
            place = f"{code.co_filename.split('/python/')[-1]}:{code.co_name}"
        trace = trace.tb_next
    return place


def refusal_class(error: TacitError) -> str:
    """The slug and the sentence without its numbers and names."""
    reason = re.sub(r"\[[^]]*\]", "[..]", error.reason)
    reason = re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "#", reason)
    reason = re.sub(r"\b(t#[a-h]?|c#|x#)\S*", "T", reason)
    return f"{error.slug}: {reason[:90]}"


class _Check:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.proto = case.model()
        self.samples = case.draw(case.samples, 0)
        self.fresh = self._fresh()
        try:
            self.truth = self._originals(self.samples)
            self.fresh_truth = self._originals(self.fresh)
        except Exception as error:  # onnxruntime has no common exception type
            raise _Stop("invalid", "onnxruntime", str(error)[:200]) from error
        self.scale = {name: max(float(np.abs(y).max()), 1e-12) for name, y in self.truth.items()}
        if not all(np.isfinite(y).all() for y in (*self.truth.values(), *self.fresh_truth.values())):
            raise _Stop("invalid", "not finite")

    def _fresh(self) -> dict[str, Array]:
        """Other samples, each entry within what calibration saw of its input."""
        found = self.case.draw(COUNT, 1)
        return {
            name: np.clip(x, self.samples[name].min(), self.samples[name].max()) if x.dtype != np.bool_ else x
            for name, x in found.items()
        }

    def _originals(self, samples: dict[str, Array]) -> dict[str, Array]:
        one = session(self.proto)
        count = len(next(iter(samples.values())))
        rows = [one.run(list(self.case.outputs), {n: x[i] for n, x in samples.items()}) for i in range(count)]
        return {
            name: np.stack([np.asarray(row[k], dtype=np.float64) for row in rows])
            for k, name in enumerate(self.case.outputs)
        }

    def run(self, proof: bool) -> Verdict:
        compiled, weights = self._compile()
        self._importer(compiled)
        doubts = Doubts(compiled.graph, compiled.calibration)
        self._report(compiled, doubts)
        error, where = self._worst(compiled, doubts, self.samples, self.truth)
        fresh, _ = self._worst(compiled, doubts, *self._within(compiled))
        said = max((e.relative for e in compiled.accuracy.outputs.values()), default=0.0)
        if error > WRONG:
            detail = f"{where}: relative error {error:.2e}, the report says {said:.2e}"
            raise _Stop("WRONG", cause(compiled, self.samples, error), detail, error)
        if fresh > FRESH * max(AIM, said):
            raise _Stop("WRONG", "fresh samples", f"relative error {fresh:.2e}, the report says {said:.2e}", error)
        self._architecture(compiled)
        self._execution(compiled, weights)
        self._corners(compiled, weights)
        if proof:
            self._proof(compiled, weights)
        if error > AIM:
            return Verdict("inaccurate", cause(compiled, self.samples, error), error, where, self.left)
        return Verdict("ok", error=error, left=self.left)

    def _compile(self) -> tuple[CompiledProgram, Integers]:
        settings = Settings(self.case.limb, max(self.case.limb, 12)) if self.case.limb else None
        try:
            return compile_model(
                self.proto,
                calibration=self.samples,
                batch=self.case.batch,
                inputs=self.case.place,
                settings=settings,
                aim=AIM,
            )
        except TacitError as error:
            if type(error) is TacitError or not error.slug:
                raise
            raise _Stop("refused", refusal_class(error), str(error)[:300]) from error

    def _importer(self, compiled: CompiledProgram) -> None:
        """The canonical graph means what the model means; float64 by onnx's own evaluator decides where float32 is rough."""
        given = {name: self.samples[name] for name in compiled.graph.inputs}
        found = evaluate(compiled.graph, given)
        for name, y in self.truth.items():
            if found[name].shape != y.shape:
                raise _Stop("WRONG", "import", f"{name}: shape {found[name].shape}, not {y.shape}")
        reach = max(float(np.abs(x).max()) for x in found.values()) * FLOAT32
        self.rough = reach
        gap = max((float(np.abs(found[n] - y).max()) - reach) / self.scale[n] for n, y in self.truth.items())
        if gap <= IMPORT or Doubts(compiled.graph, compiled.calibration).jumps:
            return
        try:
            evaluator = ReferenceEvaluator(doubled(self.proto))
            wide = {n: x.astype(np.float64) if x.dtype == np.float32 else x for n, x in self.samples.items()}
            row = evaluator.run(list(self.case.outputs), {n: x[0] for n, x in wide.items()})
            exact = dict(zip(self.case.outputs, row, strict=True))
        except Exception as error:  # the evaluator lacks some types of some operators
            raise _Stop("unclear", "float32", f"onnxruntime and float64 differ by {gap:.1e}; {error}"[:200]) from error
        if all(np.abs(found[n][0] - exact[n]).max() <= 1e-6 * self.scale[n] for n in exact):
            raise _Stop("unclear", "float32", f"onnxruntime's float32 is {gap:.1e} from float64")
        raise _Stop("WRONG", "import", f"the canonical graph is {gap:.2e} from onnxruntime")

    def _report(self, compiled: CompiledProgram, doubts: Doubts) -> None:
        """The report's own figures are the true ones."""
        gaps: dict[str, list[Array]] = {name: [] for name in self.truth}
        kept = []
        for i in range(self.case.samples):
            found = self._integers(compiled, self.samples, i)
            if found is None:
                continue
            kept.append(i)
            unsure = doubts.of({name: self.samples[name][i] for name in compiled.graph.inputs})
            for name, y in found.items():
                if y.shape != self.truth[name][i].shape:
                    raise _Stop("WRONG", "shape", f"{name}: {y.shape}, not {self.truth[name][i].shape}")
                gaps[name].append(np.where(unsure[name], 0.0, y - self.truth[name][i]))
        if self.case.samples - len(kept) != compiled.accuracy.refused:
            detail = f"{compiled.accuracy.refused} refused samples, truly {self.case.samples - len(kept)}"
            raise _Stop("WRONG", "report", detail)
        for name, gap in gaps.items():
            scale = float(np.abs(self.truth[name][kept]).max()) or 1.0
            true, said = float(np.abs(gap).max()) / scale, compiled.accuracy.outputs[name].relative
            if abs(true - said) > 1e-6 + 1e-3 * true + self.rough / scale:
                raise _Stop(
                    "WRONG", "report", f"{name}: the report says {said:.3e}, the true error is {true:.3e}", true
                )

    def _integers(self, compiled: CompiledProgram, samples: dict[str, Array], i: int) -> dict[str, Array] | None:
        """The dequantised outputs of a sample; None where it leaves the range, which is a refusal."""
        try:
            given = {name: compiled.quantize(name, samples[name][i]) for name in compiled.ints.inputs}
            results = compiled.ints.results(compiled.ints.run(given))
        except (WitnessError, InputError):
            return None
        return {name: compiled.dequantize(name, y) for name, y in results.items()}

    def _within(self, compiled: CompiledProgram) -> tuple[dict[str, Array], dict[str, Array]]:
        """The fresh samples that stay within the bits of every rounding, before any was made total; others are clamped."""
        partial = quantize(compiled.graph, compiled.calibration, compiled.options)
        kept = []
        for i in range(COUNT):
            try:
                partial.results(partial.run({n: compiled.quantize(n, self.fresh[n][i]) for n in partial.inputs}))
                kept.append(i)
            except (WitnessError, InputError):
                self.left += 1
        return {n: x[kept] for n, x in self.fresh.items()}, {n: y[kept] for n, y in self.fresh_truth.items()}

    left = 0
    #: What float32 may lose of an output.
    rough = 0.0

    def _worst(
        self, compiled: CompiledProgram, doubts: Doubts, samples: dict[str, Array], truth: dict[str, Array]
    ) -> tuple[float, str]:
        """The largest relative error of an entry that is not in doubt, and its output."""
        worst, where = 0.0, ""
        for i in range(len(next(iter(samples.values())))):
            found = self._integers(compiled, samples, i)
            if found is None:
                self.left += 1
                continue
            unsure = doubts.of({name: samples[name][i] for name in compiled.graph.inputs})
            for name, y in found.items():
                gap = np.where(unsure[name], 0.0, np.abs(y - truth[name][i]))
                scale = max(self.scale[name], float(np.abs(truth[name]).max()))
                if float(gap.max()) / scale > worst:
                    worst, where = float(gap.max()) / scale, name
        return worst, where

    def _architecture(self, compiled: CompiledProgram) -> None:
        """The layers that the program names make it again, byte by byte."""
        try:
            architecture.check(compiled.program, compiled.architecture)
        except TacitError as error:
            raise _Stop("mismatch", "architecture", str(error)[:300]) from error

    def _execution(self, compiled: CompiledProgram, weights: Integers) -> None:
        """The program in NumPy, relation by relation, against the operators' meanings."""
        for i in range(self.case.samples):
            if self._integers(compiled, self.samples, i) is None:
                continue
            given = {name: compiled.quantize(name, self.samples[name][i]) for name in compiled.ints.inputs}
            expected = compiled.ints.results(compiled.ints.run(given))
            try:
                run = execute(compiled.program, dict(weights.tensors) | given)
            except WitnessError as error:
                raise _Stop("mismatch", "execution", str(error)[:200]) from error
            for port in compiled.program.outputs:
                if not np.array_equal(run.tensors[port.tensor], expected[port.name]):
                    raise _Stop("mismatch", "execution", f"{port.name} differs from the operators' meanings")
            return

    def _corners(self, compiled: CompiledProgram, weights: Integers) -> None:
        """Every input in range has a witness: far from all samples, at the ends of the range, mixed; one is executed."""
        rng, specs = np.random.default_rng(0), compiled.ints.inputs
        draws = [
            {n: np.full(s.shape, s.lo) for n, s in specs.items()},
            {n: np.full(s.shape, s.hi) for n, s in specs.items()},
            *({n: rng.choice([s.lo, s.hi], s.shape) for n, s in specs.items()} for _ in range(CORNERS)),
            *({n: rng.integers(s.lo, s.hi + 1, s.shape) for n, s in specs.items()} for _ in range(CORNERS)),
        ]
        for i, given in enumerate(draws):
            try:
                expected = compiled.ints.results(compiled.ints.run(given))
                if i % (CORNERS + 1) == 1:
                    run = execute(compiled.program, dict(weights.tensors) | given)
                    for port in compiled.program.outputs:
                        if not np.array_equal(run.tensors[port.tensor], expected[port.name]):
                            raise _Stop("mismatch", "corner", f"{port.name} differs from the operators' meanings")
            except WitnessError as error:
                raise _Stop("mismatch", "an input in range is refused", str(error)[:200]) from error

    def _proof(self, compiled: CompiledProgram, integers: Integers) -> None:
        """Rust validates, executes, proves and verifies the first sample in range; its outputs are the integers'."""
        for i in range(COUNT):
            found = self._integers(compiled, self.fresh, i)
            if found is None:
                continue
            encoded = compiled.program.encode()
            try:
                geometry = _native.derive([encoded], 2, 100, "time")
                program = Program(_native.Program(encoded, geometry, 2, "{}", compiled.architecture))
                tensors = {name: np.asarray(values, dtype=np.int64) for name, values in integers.tensors}
                model = tacit.commit_model(program, Weights(program.digest, integers.role, tensors))
                given = {name: self.fresh[name][i] for name in compiled.graph.inputs}
                proof = tacit.prove(program, model, given, context=b"case")
                statement = tacit.verify(program, proof, model=model.commitment, context=b"case", security=100)
            except (TacitError, _native.Failure) as error:
                raise _Stop("mismatch", f"proof: {getattr(error, 'slug', '')}", str(error)[:300]) from error
            for name, y in found.items():
                proven = statement.outputs[name]
                if proven.shape != y.shape or not np.array_equal(proven, y):
                    raise _Stop("mismatch", "proof", f"{name}: the proven output is not the integers'")
            return


def cause(compiled: CompiledProgram, samples: dict[str, Array], error: float) -> str:
    """Whether an error is one of precision: the float graph, with every tensor off by one step of 16 bits, is as wrong.

    If it is not, scales do not agree, or a rounding is too rough.
    """
    graph, rng = compiled.graph, np.random.default_rng(0)
    step = {name: compiled.calibration.magnitude(name) * 1.5 * 2.0**-14 for name in compiled.calibration.ranges}

    def off(name: str, x: Array) -> Array:
        whole = graph.kinds.get(name, "float") != "float"
        return x if whole else np.asarray(x + step[name] * rng.choice([-1, 1], x.shape))

    gap, scale = dict.fromkeys(graph.outputs, 0.0), dict.fromkeys(graph.outputs, 1e-12)
    for i in range(len(next(iter(samples.values())))):
        exact: dict[str, Array] = {name: samples[name][i].astype(np.float64) for name in graph.inputs}
        noisy = {name: off(name, x) for name, x in exact.items()}
        for node in graph.nodes:
            out, rule = node.outputs[0], CANONICAL[node.op].evaluate
            for values in (exact, noisy):
                values[out] = np.asarray(rule(node.attrs, [graph.constants.get(n, values.get(n)) for n in node.inputs]))
            noisy[out] = off(out, noisy[out])
        for name in graph.outputs:
            scale[name] = max(scale[name], float(np.abs(exact[name]).max()))
            gap[name] = max(gap[name], float(np.abs(noisy[name] - exact[name]).max()))
    worst = max(gap[name] / scale[name] for name in graph.outputs)
    return PRECISION if error <= 4 * worst else BEYOND


def doubled(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with float64 in the place of float32."""
    wide = onnx.ModelProto()
    wide.CopyFrom(proto)
    for entry in [*wide.graph.input, *wide.graph.output]:
        if entry.type.tensor_type.elem_type == TensorProto.FLOAT:
            entry.type.tensor_type.elem_type = TensorProto.DOUBLE
    for index, tensor in enumerate(wide.graph.initializer):
        if tensor.data_type == TensorProto.FLOAT:
            values: Any = numpy_helper.to_array(tensor).astype(np.float64)
            wide.graph.initializer[index].CopyFrom(numpy_helper.from_array(values, tensor.name))
    for node in wide.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return wide
