"""LogUp alone: this verifier on vectors that the Rust prover made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import parts
import pytest
from toy.commit import block

from tacit.reference import Refused, decode_program, validate
from tacit.reference.field import (
    ONE,
    ZERO,
    K,
    P,
    add,
    cubic_basis,
    inverse,
    inverse_of_two_to,
    lift,
    mul,
    scale,
    sub,
)
from tacit.reference.forms import Affine, Extender
from tacit.reference.program import Program, layout
from tacit.reference.relations import Relations
from tacit.reference.sizes import Sizes

CASES, BROKEN = parts.cases("logup"), parts.broken("logup")


@dataclass
class Secrets:
    """The cells of the slab and of the witness slab, and the pads: what gives an affine value its value."""

    program: Program
    cells: list[list[int]]
    pads: list[K]

    def value(self, affine: Affine) -> K:
        places = {}
        for number, slab in enumerate((0, None)):
            lifted = [lift(x) for x in self.cells[number]]
            places.update({tensor: (lifted, at) for tensor, at in layout(self.program, slab).offsets.items()})
        out = parts.at_pads(affine, self.pads)
        for scalar, form in affine.forms:
            out = add(out, mul(scalar, form.apply(*places[form.tensor])))
        return out


@dataclass
class End:
    """Where the verifier ends, with all its values."""

    reader: parts.Recorder
    state: str
    r: list[K]
    p: K
    q: K
    claims: dict[str, Any]
    triples: list[list[K]]
    sizes: Sizes

    @property
    def wrong(self) -> list[str]:
        """Claims that are not 0 and triples whose product is another."""
        named = {f"layer {i}": value for i, value in enumerate(self.claims["layers"])}
        named |= {side: self.claims[side] for side in ("numerators", "denominators")}
        named |= {f"triple {i}": sub(mul(a, b), c) for i, (a, b, c) in enumerate(self.triples)}
        return [name for name, value in named.items() if value != ZERO]


def run(case: dict[str, Any], broken: dict[str, Any]) -> End:
    """The verifier on a case, changed by `broken`."""
    program = decode_program(bytes.fromhex(case["program"]))
    validate(program)
    secrets = Secrets(program, [parts.elements(c) for c in case["cells"]], parts.ks(broken.get("pads", case["pads"])))
    if "cell" in broken:
        change = broken["cell"]
        secrets.cells[change["slab"]][change["cell"]] = parts.elements(change["value"])[0]
    challenge = broken.get("challenge")
    replaced = {challenge["kind"]: parts.k(challenge["value"])} if challenge else {}
    reader = parts.Recorder(case, broken, replaced)
    sizes = Sizes.of(program)
    relations = Relations(program, sizes, Extender([t.shape for t in program.tensors], {}), reader)
    numerator, denominator, relations.r = relations.logup()
    state = reader.state.hex()
    reader.finish()
    assert relations.pads_used == len(secrets.pads)
    triples = [[secrets.value(x) for x in triple] for triple in relations.triples]
    # Without zeros and einsums D is Q~ - Q.
    difference = relations.common_point(numerator, denominator)
    assert not difference.einsums
    *layers, numerators = [secrets.value(claim.value) for claim in relations.claims]
    claims = {"layers": layers, "numerators": numerators, "denominators": secrets.value(difference.value)}
    ends = secrets.value(numerator), secrets.value(denominator)
    return End(reader, state, relations.r, *ends, claims, triples, sizes)


def read_claims(v: dict[str, Any]) -> dict[str, Any]:
    return {name: parts.ks(x) if name == "layers" else parts.k(x) for name, x in v["claims"].items()}


def leaves(case: dict[str, Any], alpha: K, beta: K) -> tuple[list[K], list[K]]:
    """Numerators and denominators of all leaves, from the numbers of lookups and tables."""
    p, q = [ZERO] * 2 ** case["depth"], [ONE] * 2 ** case["depth"]

    def leaf(table: int, x: int, y: int) -> K:
        return sub(sub(alpha, lift(table + 1)), add(scale(beta, x), scale(mul(beta, beta), y)))

    for b in case["blocks"]:
        at, size = b["offset"], 1 << b["bits"]
        q[at : at + size] = [alpha] * size
        if "table" in b:
            table = case["tables"][b["table"]]
            rows = zip(table["ins"], table["outs"], case["multiplicities"][b["table"]], strict=True)
            for i, (x, y, count) in enumerate(rows, start=at):
                p[i], q[i] = lift(-count), leaf(b["table"], x, y)
            continue
        p[at : at + size] = [ONE] * size
        lookup = case["lookups"][b["lookup"]]
        shape, half = tuple(lookup["shape"]), inverse_of_two_to(lookup["shift"])
        valid = block(shape, [1] * len(lookup["inputs"]))
        columns = valid, block(shape, lookup["inputs"]), block(shape, lookup["outputs"])
        for i, (ok, x, y) in enumerate(zip(*columns, strict=True), start=at):
            if ok:
                q[i] = leaf(lookup["table"], x * half % P, y)
    return p, q


def check_layers(case: dict[str, Any], end: End) -> None:
    """The walk from the root down, on unpadded values."""
    messages = iter(end.reader.plain(parts.ks(case["pads"])))
    draws = iter(end.reader.draws)
    assert next(draws) == ("alpha", parts.k(case["alpha"]))
    assert next(draws) == ("beta", parts.k(case["beta"]))
    root = parts.ks(case["root"])
    assert next(messages) == ("root", root)
    p, q = mul(root[0], scale(inverse(parts.k(case["alpha"])), case["padding"])), root[0]
    for number, layer in enumerate(case["layers"]):
        lam = parts.k(layer["lambda"])
        assert next(draws) == ("lambda", lam)
        claim = add(p, mul(lam, q))
        assert claim == parts.k(layer["claim"])
        assert len(layer["point"]) == number
        for rho in parts.ks(layer["point"]):
            kind, (s0, s2, s3) = next(messages)
            assert (kind, next(draws)) == ("round", ("round", rho))
            values = (s0, sub(claim, s0), s2, s3)
            claim = parts.total([mul(x, w) for x, w in zip(values, cubic_basis(rho), strict=True)])
        assert claim == parts.k(layer["end"])
        ends = parts.ks(layer["ends"])
        assert next(messages) == ("ends", ends)
        s = parts.k(layer["descend"])
        assert next(draws) == ("descend", s)
        p = add(ends[0], mul(s, sub(ends[1], ends[0])))
        q = add(ends[2], mul(s, sub(ends[3], ends[2])))
        assert (p, q) == (parts.k(layer["p"]), parts.k(layer["q"]))
    assert list(messages) == []
    assert [kind for kind, _ in draws] == ["gamma"]  # the next draw after LogUp
    assert (p, q) == (end.p, end.q)


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_case(case: dict[str, Any]) -> None:
    end = run(case, {})
    assert end.state == case["end_state"]
    assert end.r == parts.ks(case["r"])
    assert end.claims == read_claims(case)
    assert end.wrong == case["false"]
    assert end.triples == [parts.ks(t) for t in case["triples"]]
    assert (end.sizes.depth, end.sizes.padding_leaves) == (case["depth"], case["padding"])
    blocks = [
        {"table" if b.is_table else "lookup": b.index, "offset": b.offset, "bits": b.bits} for b in end.sizes.blocks
    ]
    assert blocks == case["blocks"]
    check_layers(case, end)


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_leaves(case: dict[str, Any]) -> None:
    """The claims on the leaves say of the cells what the leaves say, and the fractions add up where nothing is false."""
    end = run(case, {})
    alpha, beta = parts.k(case["alpha"]), parts.k(case["beta"])
    p, q = leaves(case, alpha, beta)
    assert p == parts.ks(case["leaves"]["numerators"])
    assert q == parts.ks(case["leaves"]["denominators"])
    assert end.claims["numerators"] == sub(parts.extension(p, end.r), end.p)
    assert end.claims["denominators"] == sub(parts.extension(q, end.r), end.q)
    fractions = parts.total([mul(a, inverse(b)) for a, b in zip(p, q, strict=True)])
    assert (fractions == scale(inverse(alpha), case["padding"])) == (case["false"] == [])


def test_honest_and_false_cases() -> None:
    assert [case["false"] for case in CASES] == [[], [], [], ["layer 0"], ["layer 0"]]


@pytest.mark.parametrize("vector", BROKEN, ids=parts.note)
def test_broken(vector: dict[str, Any]) -> None:
    case = CASES[vector["case"]]
    if "expected" in vector:
        with pytest.raises(Refused) as refused:
            run(case, vector)
        assert refused.value.slug == vector["expected"]
        return
    end = run(case, vector)
    assert end.claims == read_claims(vector)
    assert end.wrong == vector["false"]


def test_every_answer_occurs() -> None:
    assert {v["expected"] for v in BROKEN if "expected" in v} == {
        "alpha",
        "non_canonical",
        "trailing_bytes",
        "truncated",
    }
    found = {name for v in BROKEN for name in v.get("false", [])}
    assert found >= {"layer 0", "layer 2", "numerators", "denominators", "triple 0"}
