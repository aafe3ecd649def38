"""Rotation: a child with the master's values is accepted, anything else refused."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from toy import cases, programs
from toy.commit import Random, Slab, commit_slab
from toy.execute import Execution

from tacit.reference import Refused
from tacit.reference.field import pack_k
from tacit.reference.files import COMMITMENT_FILE, CommitmentFile, Kind, check_commitment_file, unwrap, wrap
from tacit.reference.rotation import Rotation, check_rotation, rotation_key, rotation_program

MASTER_GEOMETRY, CHILD_GEOMETRY, INDEX = programs.TWO_LEVELS, programs.THREE_LEVELS, 1


@lru_cache(None)
def setting() -> tuple[Slab, list]:
    """The master of linear's model with two link cells, and the slab's tensors."""
    program = programs.linear()
    run = Execution(program, programs.values_for(program))
    value = Random(b"link").k(1)[0]
    master = commit_slab(
        program, 0, run.values, MASTER_GEOMETRY, Random(b"master"), max_fold=4, links=2, link_values={INDEX: value}
    )
    return master, cases.slab_tensors(program, 0)


def child_of(change: int = 0, link: str = "same", links: int = 1) -> Slab:
    program = programs.linear()
    given = programs.values_for(program)
    given["W"] = [given["W"][0] + change, *given["W"][1:]]
    run = Execution(program, given)
    value = Random(b"link" if link == "same" else b"other").k(1)[0]
    options = {"max_fold": 4, "links": links, "link_values": {0: value}}
    return commit_slab(program, 0, run.values, CHILD_GEOMETRY, Random(b"child"), **options)


def prove_rotation(child: Slab, index: int = INDEX, v_of: str = "master") -> Rotation:
    master, tensors = setting()
    program = rotation_program("model", tensors)
    key = rotation_key(master.commitment, child.commitment, index)
    v = cases.link_value(master, program, key, index) if v_of == "master" else (1, 2, 3)
    run = Execution(program, {name: [0] * 24 if name == "W" else [0] * 4 for name, *_ in tensors})
    sides = [
        cases.side_argument(slab, program, key, v, number, run, seed)
        for slab, number, seed in ((master, index, b"m"), (child, 0, b"c"))
    ]
    return Rotation(index, pack_k([v]), *sides)


def judge(child: Slab, link: Rotation, **changes) -> None:
    master, tensors = setting()
    options = {"slab": "model", "tensors": tensors, "child": child.commitment, "master": master.commitment, **changes}
    check_rotation(**options, rotation=link, target=0)


@lru_cache(None)
def honest() -> tuple[Slab, Rotation]:
    child = child_of()
    return child, prove_rotation(child)


def refused(child: Slab, link: Rotation, **changes) -> Refused:
    with pytest.raises(Refused) as caught:
        judge(child, link, **changes)
    assert caught.value.slug == "rotation"
    return caught.value


def test_accepted() -> None:
    judge(*honest())


def test_other_values() -> None:
    child = child_of(change=1)
    assert "child" in refused(child, prove_rotation(child)).place


def test_other_link_value() -> None:
    child = child_of(link="other")
    assert "child" in refused(child, prove_rotation(child)).place


def test_other_cell_of_the_master() -> None:
    child = child_of()
    assert "child" in refused(child, prove_rotation(child, index=0)).place


def test_v_of_neither() -> None:
    child = child_of()
    assert "master" in refused(child, prove_rotation(child, v_of="nobody")).place


def test_replay() -> None:
    child, link = honest()
    refused(child, replace(link, index=0))
    assert "no such" in refused(child, replace(link, index=2)).detail
    refused(child, replace(link, v=bytes(24)))
    refused(child, replace(link, v=b"\xff" * 24))
    refused(child, replace(link, master=link.child))
    refused(child, replace(link, child=link.child[:-1]))
    other = child_of(links=2)
    refused(other, link)
    bare = child_of(links=0)
    assert "no such" in refused(bare, link).detail


def test_other_schema() -> None:
    child, link = honest()
    name, shape, lo, hi = setting()[1][0]
    assert "schemas" in refused(child, link, tensors=[(name, shape, lo - 1, hi), *setting()[1][1:]]).detail
    header = replace(child.commitment.header, schema=bytes(32))
    refused(replace(child, commitment=replace(child.commitment, header=header)), link)


def test_commitment_file_with_a_link() -> None:
    """The validity argument is the master's; the child needs none of its own."""
    master, tensors = setting()
    child, link = honest()
    program = programs.linear()
    run = Execution(program, programs.values_for(program))
    case = cases.Case(program, MASTER_GEOMETRY, {"model": master}, run, b"", None, None)  # type: ignore[arg-type]
    validity = cases.validity_case(case, 0).proof.argument
    file = CommitmentFile("model", tuple(tensors), child.commitment, validity, (master.commitment, link))
    data = wrap(Kind.COMMITMENT, COMMITMENT_FILE.write(file))
    from tacit.reference import borsh

    assert borsh.decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, data), "file") == file
    check_commitment_file(file, 0)
    for wrong, slug in (
        (replace(file, validity=b""), "validity"),
        (replace(file, link=None), "validity"),
        (replace(file, link=(child.commitment, link)), "rotation"),
    ):
        with pytest.raises(Refused) as caught:
            check_commitment_file(wrong, 0)
        assert caught.value.slug == slug
