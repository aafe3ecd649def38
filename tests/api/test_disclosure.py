"""What `inspect` says of the numbers in a program that hidden values may have chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.api.disclosure import described, disclosed
from tacit.program import ClampTable, Program, Public, Slab, Values
from tacit.program.builder import Builder, Settings

SAMPLES = np.random.default_rng(2).normal(size=(64, 4))


def network(op: str = "Tanh", **bounds: float) -> Any:
    rng = np.random.default_rng(0)
    constants = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=3), "v": rng.normal(size=(3, 2)), **bounds}
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
            helper.make_node(op, ["h", *bounds], ["a"]),
            helper.make_node("MatMul", ["a", "v"], ["y"]),
        ],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.asarray(v, dtype=np.float32), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def compiled() -> tacit.Program:
    return tacit.compile(network(), calibration=SAMPLES)[0]


def decoded(program: tacit.Program) -> Program:
    return Program.decode(program._native.bytes())


def bits(program: Program, kind: str) -> float:
    return sum(one.bits for one in disclosed(program) if kind in one.kind)


def test_a_stranger_sees_what_the_owner_sees(compiled: tacit.Program, tmp_path: Path) -> None:
    compiled.save(tmp_path / "m.tacit")
    own, file = (tacit.inspect(x)["told of what is hidden"] for x in (compiled, tmp_path / "m.tacit"))
    assert own == file
    assert own["bits at most"] == pytest.approx(
        sum(row["bits at most"] for row in own["numbers"]), abs=len(own["numbers"])
    )
    assert {"ends and scales of tables", "intervals of weights, in bytes"} <= {row["kind"] for row in own["numbers"]}


def test_names_are_cut_short_and_counted(compiled: tacit.Program) -> None:
    for row, one in zip(described(decoded(compiled), 1)["numbers"], disclosed(decoded(compiled)), strict=True):
        assert row["of"][0] == one.names[0]
        assert row["of"][1:] == ([f"{len(one.names) - 1} more"] if len(one.names) > 1 else [])


def test_a_table_off_the_grid_tells_its_ends(compiled: tacit.Program) -> None:
    program = decoded(compiled)

    def shorter(table: Any) -> Any:
        return (
            replace(table, kind=Values(table.kind.lo, table.kind.outs[:-1]))
            if isinstance(table.kind, Values)
            else table
        )

    other = replace(program, tables=tuple(map(shorter, program.tables)))
    assert bits(other, "tables") > bits(program, "tables")


def test_an_interval_of_odd_bits_tells_more(compiled: tacit.Program) -> None:
    program = decoded(compiled)
    tensors = [replace(t, lo=-5, hi=6) if isinstance(t.place, Slab) else t for t in program.tensors]
    assert bits(replace(program, tensors=tuple(tensors)), "intervals of weights") == 4 * bits(
        program, "intervals of weights"
    )


def test_a_bound_at_the_top_of_its_bits_tells_which_bits() -> None:
    """6 in a scale of its own: the largest integer of its bits; an odd bound of another tensor tells all of its digits."""
    six = decoded(tacit.compile(network("Clip", lo=0.0, hi=0.5), calibration=SAMPLES)[0])
    ends = [-zero.expr.constant for zero in six.zeros if zero.name == "a.high"]
    kinds = [six.tables[lookup.table].kind for lookup in six.lookups if lookup.name in ("a.clamp", "a.base")]
    ends += [k.outs[-1] for k in kinds if isinstance(k, Values)] + [k.high for k in kinds if isinstance(k, ClampTable)]
    assert ends
    assert all((end + 1).bit_count() == 1 for end in ends)
    assert bits(six, "bounds") < 60


def test_with_nothing_hidden_nothing_is_told() -> None:
    program, _ = tacit.compile(network(), calibration=SAMPLES, weights="public", input="public")
    assert "told of what is hidden" not in tacit.inspect(program)


def test_a_constant_index_tells_what_it_picks() -> None:
    """Six entries of 32 rows are 30 bits, however few rows the index itself has."""
    b = Builder("picked", Settings())
    x = b.tensor("x", (32, 2), Public(), (0, 1))
    order = b.constant("order", np.array([[0, 31, 7], [7, 7, 1]]))
    (term,) = order.expr.terms
    b.commit("y", b.gathered(x, term.source.index))
    kind = "columns and places that are taken"
    assert bits(b.build(), kind) == pytest.approx(6 * 5)
