"""Geometries, headers, publics: what is refused before the argument is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy import cases
from toy.programs import ONE_LEVEL, THREE_LEVELS, TWO_LEVELS

from tacit.reference import Refused, check_geometry, check_security
from tacit.reference.commitment import COMMITMENT_CODEC, GEOMETRY_CODEC, Level, blinding_rows, place_slabs
from tacit.reference.field import P
from tacit.reference.security import claim_count
from tacit.reference.sizes import Sizes

GOOD = TWO_LEVELS
BAD_GEOMETRIES = {
    "no level": replace(GOOD, levels=()),
    "nine levels": replace(GOOD, log_rows=9, rows=1024, log_domain=11, levels=(Level(1, 11, 5),) * 9),
    "fold 0": replace(GOOD, levels=(Level(0, 9, 6), *GOOD.levels)),
    "fold 9": replace(GOOD, log_rows=9, rows=1024, log_domain=11, levels=(Level(9, 9, 5),)),
    "folds above log_rows": replace(GOOD, log_rows=5),
    "log_rows 25": replace(GOOD, log_rows=25),
    "folds do not divide": replace(GOOD, rows=200),
    "R = M": replace(GOOD, log_rows=7, rows=128),
    "M too large": replace(GOOD, rows=2**26 + 64, log_domain=28),
    "rate": replace(GOOD, rows=320),
    "level rate": replace(GOOD, levels=(Level(3, 5, 6), Level(3, 5, 5))),
    "longer later code": replace(GOOD, levels=(Level(3, 10, 6), Level(3, 6, 5))),
    "long end": replace(GOOD, log_rows=14, rows=2**15, log_domain=17, levels=(Level(2, 15, 4),)),
    "log_domain 29": replace(GOOD, log_domain=29),
    "no queries": replace(GOOD, queries=0),
    "no level queries": replace(GOOD, levels=(Level(3, 7, 0), Level(3, 6, 5))),
    "1025 queries": replace(GOOD, queries=1025),
    "33 bits of grinding": replace(GOOD, grind=33),
}


@pytest.mark.parametrize("geometry", [ONE_LEVEL, TWO_LEVELS, THREE_LEVELS])
def test_well_formed(geometry) -> None:
    check_geometry(geometry)


@pytest.mark.parametrize("name", BAD_GEOMETRIES)
def test_not_well_formed(name: str) -> None:
    with pytest.raises(Refused) as caught:
        check_geometry(BAD_GEOMETRIES[name])
    assert caught.value.slug == "geometry"


BAD_HEADERS = {
    "geometry": {"geometry": replace(GOOD, queries=9)},
    "columns": {"columns": 2},
    "short blinding": {"blinding": blinding_rows(7, GOOD.queries) - 1},
    "no budget": {"budget": 0},
    "larger budget": {"budget": 2},
    "max_fold below k0": {"max_fold": 4},
    "max_fold above 16": {"max_fold": 17},
    "leaf groups": {"leaf_groups": 2},
    "public": {"private": False},
    "schema": {"schema": bytes(32)},
    "blinding beyond M": {"blinding": 129},
    "a link that moves the columns": {"links": 60},
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_header(name: str) -> None:
    case = cases.honest("mixed")
    commitment = case.slabs["model"].commitment
    changed = replace(commitment, header=replace(commitment.header, **BAD_HEADERS[name]))
    commitments = {**case.arguments["commitments"], "model": COMMITMENT_CODEC.write(changed)}
    with pytest.raises(Refused) as caught:
        case.verify(commitments=commitments)
    assert caught.value.slug == "header"


def test_public_slab_with_blinding() -> None:
    case = cases.honest("public_model")
    commitment = case.slabs["model"].commitment
    changed = replace(commitment, header=replace(commitment.header, budget=1))
    commitments = {**case.arguments["commitments"], "model": COMMITMENT_CODEC.write(changed)}
    with pytest.raises(Refused, match="header"):
        case.verify(commitments=commitments)


def test_commitment_bytes() -> None:
    case = cases.honest("mixed")
    good = case.arguments["commitments"]["model"]
    for data, slug in (
        (good + b"\0", "encoding"),
        (good[:-1], "encoding"),
        (good[:-8] + P.to_bytes(8, "big"), "non_canonical"),
    ):
        with pytest.raises(Refused) as caught:
            case.verify(commitments={**case.arguments["commitments"], "model": data})
        assert caught.value.slug == slug


def test_slab_set() -> None:
    case = cases.honest("mixed")
    both = case.arguments["commitments"]
    for wrong in ({"model": both["model"]}, {**both, "more": both["data"]}, {}):
        with pytest.raises(Refused) as caught:
            case.verify(commitments=wrong)
        assert caught.value.slug == "commitments"


def test_publics() -> None:
    case = cases.honest("public_model")
    bias, score = case.arguments["publics"]
    wrong = {
        "public_shape": ([bias], [bias, score, []], [bias[:-1], score], [bias, [*score, 0]]),
        "public_interval": ([[*bias[:-1], 4], score], [[-4, *bias[1:]], score], [bias, [P + score[0], score[1]]]),
    }
    for slug, many in wrong.items():
        for publics in many:
            with pytest.raises(Refused) as caught:
                case.verify(publics=publics)
            assert caught.value.slug == slug


def test_geometry_bytes() -> None:
    case = cases.honest("mixed")
    data = case.arguments["geometry_bytes"]
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(Refused, match="encoding"):
            case.verify(geometry_bytes=wrong)
    with pytest.raises(Refused, match="geometry"):
        case.verify(geometry_bytes=GEOMETRY_CODEC.write(replace(GOOD, queries=0)))


def test_target() -> None:
    case = cases.honest("mixed")
    with pytest.raises(Refused) as caught:
        case.verify(target=128)
    assert caught.value.slug == "target"


def test_security() -> None:
    program = cases.honest("mixed").program
    check_security(program, GOOD, 1)
    with pytest.raises(Refused) as caught:
        check_security(program, GOOD, 100)
    assert caught.value.slug == "security"
    assert "queries" in caught.value.place


@pytest.mark.parametrize("name", cases.NAMES)
def test_claims_are_counted(name: str) -> None:
    case = cases.honest(name)
    found = len(case.proof.claims) + len(case.program.slabs)
    assert found == claim_count(case.program, Sizes.of(case.program))


def test_no_room_for_the_witness() -> None:
    """R + T_w <= M is the geometry's to keep."""
    case = cases.honest("mixed")
    rows = blinding_rows(case.prover.placement.fold, GOOD.queries)
    links = [0, 0]
    tight = replace(GOOD, rows=GOOD.data_rows + rows)
    place_slabs(case.program, case.prover.sizes, tight, links)
    with pytest.raises(Refused, match="geometry"):
        place_slabs(case.program, case.prover.sizes, replace(tight, rows=tight.rows - 1), links)
