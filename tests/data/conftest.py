"""Fixtures: a small dataset that is committed to, and manifests for it, signed and checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from small_schemas import SMALL, small_table

import tacit
from tacit import data

pytest.register_assert_rewrite("signing")


@pytest.fixture(scope="session")
def program() -> tacit.Program:
    return data.compile(SMALL, 4, proofs=4)


@pytest.fixture(scope="session")
def master(program: tacit.Program) -> data.Dataset:
    return data.commit_dataset(program, SMALL, small_table(), id_range=(0, 100), children=3)


@pytest.fixture(scope="session")
def child(master: data.Dataset) -> data.Dataset:
    return master.child(3)


@pytest.fixture(scope="session")
def statement(program: tacit.Program, child: data.Dataset) -> data.DatasetStatement:
    return data.verify_dataset(program, SMALL, data.prove_dataset(program, child), child.commitment)


@pytest.fixture(scope="session")
def sign(program: tacit.Program, master: data.Dataset) -> Callable[..., data.Manifest]:
    from signing import sign_manifest  # keys need a library that not every test here does

    return partial(sign_manifest, program, master)


@pytest.fixture(scope="session")
def check(program: tacit.Program) -> Callable[..., data.CheckedManifest]:
    from signing import check_signed

    return partial(check_signed, program)
