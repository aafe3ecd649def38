"""The opening alone: this verifier on vectors that the Rust prover made."""

from __future__ import annotations

from typing import Any

import parts
import pytest
from toy.commit import Random as Stream
from toy.commit import Tree, binding, encode, to_columns

from tacit.reference import Refused, borsh, check_geometry
from tacit.reference.commitment import (
    COMMITMENT_CODEC,
    Commitment,
    Geometry,
    Level,
    Placement,
    SlabPlace,
)
from tacit.reference.field import UNITS, ZERO, K, add, bits, dot, lift, mul, pack_k
from tacit.reference.forms import Affine, Form
from tacit.reference.opening import Opening
from tacit.reference.program import SlabLayout
from tacit.reference.relations import Claim

CASES, BROKEN = parts.cases("opening"), parts.broken("opening")


def read_geometry(v: dict[str, Any]) -> Geometry:
    levels = tuple(Level(level["fold"], level["log_domain"], level["queries"]) for level in v["levels"])
    geometry = Geometry(**{**v, "levels": levels})
    check_geometry(geometry)
    return geometry


def read_commitment(slab: dict[str, Any]) -> Commitment:
    return borsh.decode(COMMITMENT_CODEC, bytes.fromhex(slab["commitment"]), "vector")


class Forms:
    """The claims of a case; every form has a number of its own, in the place of a tensor's."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.where: list[tuple[int, int]] = []  # slab and first cell, by number
        self.claims = [self.claim(v) for v in case["claims"]]

    def claim(self, v: dict[str, Any]) -> Affine:
        plain = parts.affine(v)
        return Affine(plain.constant, plain.pads, tuple(self.form(form) for form in v["forms"]))

    def form(self, v: dict[str, Any]) -> tuple[K, Form]:
        groups = []
        for group in v["groups"]:
            places = list(reversed(group["bits"]))  # the table index's lowest bit first
            offsets = [sum((i >> j & 1) << place for j, place in enumerate(places)) for i in range(len(group["table"]))]
            groups.append((offsets, parts.ks(group["table"])))
        self.where.append((v["slab"], v["offset"]))
        return parts.k(v["scale"]), Form(len(self.where) - 1, tuple(groups))


def place(case: dict[str, Any], geometry: Geometry, forms: Forms) -> Placement:
    """The slabs of a case, their columns one behind the other."""
    slabs, base = [], 0
    for number, slab in enumerate([*case["slabs"], case["witness"]]):
        end = slab["pad_cell"] if "pad_cell" in slab else slab["first_pad_cell"]
        offsets = {form: at for form, (own, at) in enumerate(forms.where) if own == number}
        salted = slab.get("private", True)
        slabs.append(SlabPlace(f"slab {number}", SlabLayout((), offsets, end), slab["columns"], base, salted))
        base += slab["columns"]
        assert slab["columns"] * geometry.data_rows == len(parts.elements(slab["cells"]))
    return Placement(tuple(slabs), bits(base))


class Changed(Commitment):
    """A commitment whose root or y is another than the one that z was drawn from."""

    def __init__(self, original: Commitment, root: bytes, y: bytes) -> None:
        super().__init__(original.header, root, y)
        object.__setattr__(self, "original", original)

    @property
    def binding_scalars(self) -> tuple[K, K]:
        scalars: tuple[K, K] = self.original.binding_scalars
        return scalars


def run(case: dict[str, Any], broken: dict[str, Any]) -> parts.Recorder:
    """The verifier on a case, changed by `broken`."""
    geometry, forms = read_geometry(case["geometry"]), Forms(case)
    claims = [Claim(f"claim {i}", value) for i, value in enumerate(forms.claims)]
    if "constant" in broken:
        number, constant = broken["constant"]["claim"], parts.k(broken["constant"]["value"])
        value = claims[number].value
        claims[number] = Claim("changed", Affine(constant, value.pads, value.forms))
    slabs = [dict(slab) for slab in [*case["slabs"], case["witness"]]]
    for name in ("root", "y"):
        if name in broken:
            slabs[broken[name]["slab"]][name] = broken[name]["value"]
    *long_lived, witness = slabs
    commitments = [Changed(read_commitment(s), bytes.fromhex(s["root"]), bytes.fromhex(s["y"])) for s in long_lived]
    reader = parts.Recorder(case, broken)
    root = bytes.fromhex(witness["root"])
    Opening(geometry, place(case, geometry, forms), commitments, root, reader).run(claims)
    reader.finish()
    return reader


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_case(case: dict[str, Any]) -> None:
    reader = run(case, {})
    assert reader.draws == [
        (draw["kind"], draw["positions"] if "positions" in draw else parts.k(draw["value"])) for draw in case["draws"]
    ]
    assert reader.state.hex() == case["end_state"]


@pytest.mark.parametrize("vector", BROKEN, ids=parts.note)
def test_broken(vector: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        run(CASES[vector["case"]], vector)
    assert refused.value.slug == vector["expected"]


def test_every_guard_occurs() -> None:
    opening = {"final_claim", "grinding", "last_query", "merkle"}
    assert {v["expected"] for v in BROKEN} == opening | {"non_canonical", "trailing_bytes", "truncated"}


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_claims_hold_on_the_cells(case: dict[str, Any]) -> None:
    forms = Forms(case)
    cells = [[lift(x) for x in parts.elements(slab["cells"])] for slab in [*case["slabs"], case["witness"]]]
    pads = parts.ks(case["pads"])
    first = case["witness"]["first_pad_cell"]
    assert pads == [dot(UNITS, cells[-1][first + 3 * i : first + 3 * i + 3]) for i in range(len(pads))]
    for claim in forms.claims:
        value = parts.at_pads(claim, pads)
        for scalar, form in claim.forms:
            slab, at = forms.where[form.tensor]
            value = add(value, mul(scalar, form.apply(cells[slab], at)))
        assert value == ZERO


@pytest.mark.parametrize("case", CASES, ids=parts.note)
def test_commitments_come_from_the_cells(case: dict[str, Any]) -> None:
    """y and identity of every slab, and the root of a public one."""
    geometry = read_geometry(case["geometry"])
    for slab in case["slabs"]:
        commitment, cells = read_commitment(slab), parts.elements(slab["cells"])
        assert commitment.header.geometry == geometry
        assert commitment.header.private == slab["private"]
        assert commitment.root.hex() == slab["root"]
        assert commitment.y.hex() == slab["y"]
        assert commitment.identity.hex() == slab["identity"]
        assert commitment.binding_scalars == (parts.k(slab["z"]), parts.k(slab["z0"]))
        y = binding(commitment.header, commitment.root, slab["pad_cell"], cells)
        assert pack_k([y]) == commitment.y
        if not slab["private"]:
            columns = to_columns(cells, geometry, 0, Stream(b""))
            assert Tree([encode(c, geometry.log_domain) for c in columns]).root == commitment.root
