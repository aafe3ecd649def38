"""Tensors that no validity program is for: both verifiers give the same answer. Docs: protocol.md, section 7."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_files import made

from tacit import _native
from tacit.reference import Refused
from tacit.reference.files import COMMITMENT_FILE, Kind, check_commitment_file, wrap
from tacit.reference.program import schema_of

END = 2**63
#: Tensors that no validity program is for: each in a slab of its own.
NOT_VALIDATED = {
    "no value": [("a", (2,), 3, 2)],
    "no value, and the ends of integers": [("a", (2,), END - 1, -END)],
    "no power of two": [("a", (2,), 0, 999)],
    "a lower end without a negative": [("a", (2,), -END, 2**20 - 1 - END)],
    "all integers": [("a", (2,), -END, END - 1)],
    "an interval that leaves the field": [("a", (2,), -END, 7 - END)],
    "digits that leave the field": [("a", (2,), 1 - END, 2**10 - END)],
    "nine axes": [("a", (1,) * 9, 0, 3)],
    "more axes than bytes count": [("a", (1,) * 300, 0, 3)],
    "an extent of 0": [("a", (0,), 0, 3)],
    "2^31 cells": [("a", (2**16, 2**15), 0, 3)],
    "a name twice": [("a", (2,), 0, 3)] * 2,
    "no name": [("", (2,), 0, 3)],
}


@pytest.mark.parametrize("name", NOT_VALIDATED)
def test_tensors_that_cannot_be_validated(name: str) -> None:
    """Both verifiers refuse the schema, after an argument that is missing and before one that does not hold."""
    tensors = tuple(NOT_VALIDATED[name])
    first = made("linear").commitments[0]
    header = replace(first.commitment.header, schema=schema_of(tensors))
    file = replace(first, tensors=tensors, commitment=replace(first.commitment, header=header))
    for validity, slug in ((b"", "validity"), (b"?", "schema")):
        given = replace(file, validity=validity)
        with pytest.raises(Refused) as caught:
            check_commitment_file(given, 1)
        with pytest.raises(_native.Failure) as failure:
            _native.Commitment.from_file(wrap(Kind.COMMITMENT, COMMITMENT_FILE.write(given))).accept(1)
        assert (caught.value.slug, failure.value.args[1]) == (slug, slug)
