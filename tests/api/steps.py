"""Two programs of one deployment, by hand: a step that makes one model of another, and an answer of a model."""

from __future__ import annotations

from functools import cache

import numpy as np

import tacit
from tacit import program as pg
from tacit.api import integers

SHAPE = (2, 3)
BASE = np.array([[1, -2, 3], [3, 0, -3]])
#: Entries of the data, which make a step's proofs larger than an answer's.
RECORDS = 1 << 12


def same(coef: int, tensor: int, axes: int) -> pg.Term:
    return pg.Term(coef, pg.FromTensor(tensor), pg.identity_links(axes))


def step(*, weights: bool = True) -> pg.Program:
    """next = base - c with c public; data is read along. All slabs are private, or base and next are public."""
    interval = (-8, 7)
    tensors = (
        pg.Tensor("W", SHAPE, pg.Slab(0), *interval),
        pg.Tensor("d", (RECORDS,), pg.Slab(1), -8, 7),
        pg.Tensor("W", SHAPE, pg.Slab(2), *interval),
        pg.Tensor("W", SHAPE, pg.Public(), -1, 1),
        pg.Tensor("copy", (RECORDS,), pg.Witness(), -8, 7),
    )
    update = pg.Expr(0, (same(1, 0, 2), same(-1, 3, 2), same(-1, 2, 2)))
    copy = pg.Expr(0, (same(1, 1, 1), same(-1, 4, 1)))
    return pg.Program(
        "step",
        slabs=(pg.SlabDecl("base", weights), pg.SlabDecl("data", True), pg.SlabDecl("next", weights)),
        tensors=tensors,
        zeros=(pg.Zero("update", SHAPE, update), pg.Zero("copy", (RECORDS,), copy)),
        hints=(pg.LinearHint(4, pg.Expr(0, (same(1, 1, 1),))),),
        inputs=(pg.Port("c", 3, 0),),
    )


def answer(*, lo: int = -8, weights: bool = True) -> pg.Program:
    """y = W x."""
    tensors = (
        pg.Tensor("W", SHAPE, pg.Slab(0), lo, 7),
        pg.Tensor("x", (3,), pg.Public(), -8, 7),
        pg.Tensor("y", (2,), pg.Public(), -300, 300),
    )
    whole = [pg.Expr(0, (same(1, tensor, axes),)) for tensor, axes in ((0, 2), (1, 1))]
    product = pg.Term(1, pg.FromEinsum(0), pg.identity_links(1))
    return pg.Program(
        "answer",
        slabs=(pg.SlabDecl("model", weights),),
        tensors=tensors,
        einsums=(pg.Einsum("sum", (2, 3), (0, 1), (1,), (0,), *whole),),
        zeros=(pg.Zero("y", (2,), pg.Expr(0, (product, same(-1, 2, 1)))),),
        hints=(pg.LinearHint(2, pg.Expr(0, (product,))),),
        inputs=(pg.Port("x", 1, 0),),
        outputs=(pg.Port("y", 2, 0),),
    )


@cache
def deployment(*, weights: bool = True) -> tuple[tacit.Program, tacit.Program]:
    """The step and the answer under one geometry."""
    programs = [step(weights=weights).encode(), answer(weights=weights).encode()]
    first, second = integers.deploy(programs, proofs=4, security=100)
    return first, second


def committed(role: str, values: np.ndarray, **options: int) -> tacit.Secret:
    """For both programs."""
    train, infer = deployment()
    return integers.commit(train, role, {"d" if role == "data" else "W": values}, others=[infer], **options)
