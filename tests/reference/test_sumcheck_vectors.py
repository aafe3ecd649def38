"""The sumcheck alone: this verifier on vectors that the Rust prover made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import parts
import pytest

from tacit.reference import Refused
from tacit.reference.field import K, mul
from tacit.reference.forms import Affine, Extender
from tacit.reference.program import Program
from tacit.reference.relations import Relations
from tacit.reference.sizes import Sizes

CASES, BROKEN = parts.cases("sumcheck"), parts.broken("sumcheck")


@dataclass
class End:
    reader: parts.Recorder
    point: list[K]
    last: Affine
    value: K  # of `last`
    evaluation: K  # of f at the point


def run(case: dict[str, Any], broken: dict[str, Any]) -> End:
    """The verifier on a case, changed by `broken`."""
    changed = {**case, **{name: broken[name] for name in ("claim", "pads") if name in broken}}
    reader = parts.Recorder(case, broken)
    program = Program(2, "none", (), (), (), (), (), (), (), (), ())
    relations = Relations(program, Sizes.of(program), Extender([], {}), reader)
    relations.pads_used = case["first_pad"]
    point, last = relations.sumcheck(case["rounds"], parts.affine(changed["claim"]))
    reader.finish()
    value = parts.at_pads(last, parts.ks(changed["pads"]))
    return End(reader, point, last, value, parts.product([parts.ks(t) for t in case["factors"]], point))


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_case(case: dict[str, Any]) -> None:
    end = run(case, {})
    pads = parts.ks(case["pads"])
    assert end.point == parts.ks(case["challenges"])
    assert end.reader.draws == [("round", x) for x in end.point]
    assert end.reader.state.hex() == case["end_state"]
    assert end.reader.plain(pads, case["first_pad"]) == [("round", parts.ks(m)) for m in case["values"]]
    assert end.last == parts.affine(case["final"])
    assert end.value == end.evaluation == parts.k(case["final_value"])
    # The claim is the sum over {0,1}^n.
    claim = parts.at_pads(parts.affine(case["claim"]), pads)
    a, b, c = (parts.ks(table) for table in case["factors"])
    assert claim == parts.k(case["claim_value"])
    assert claim == parts.total([mul(mul(x, y), z) for x, y, z in zip(a, b, c, strict=True)])
    # The first s(0) is the sum over the lower half: the front variable is bound first.
    if case["rounds"]:
        half = len(a) // 2
        low = parts.total([mul(mul(x, y), z) for x, y, z in zip(a[:half], b[:half], c[:half], strict=True)])
        assert low == parts.k(case["values"][0][0])


@pytest.mark.parametrize("vector", BROKEN, ids=parts.note)
def test_broken(vector: dict[str, Any]) -> None:
    case = CASES[vector["case"]]
    if vector["expected"] != "false":
        with pytest.raises(Refused) as refused:
            run(case, vector)
        assert refused.value.slug == vector["expected"]
        return
    end = run(case, vector)
    assert end.point == parts.ks(vector["challenges"])
    assert end.value == parts.k(vector["final_value"])
    assert end.evaluation == parts.k(vector["evaluation"])
    assert end.value != end.evaluation


def test_every_answer_occurs() -> None:
    assert {v["expected"] for v in BROKEN} == {"false", "non_canonical", "trailing_bytes", "truncated"}
