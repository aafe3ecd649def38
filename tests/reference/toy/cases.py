"""Whole cases: program, slabs, execution, proof; made once and shared by the tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tacit.reference import verify
from tacit.reference.commitment import COMMITMENT_CODEC, GEOMETRY_CODEC, Geometry
from tacit.reference.field import K, add, lift, mul, neg, pack_k
from tacit.reference.forms import Affine
from tacit.reference.program import InSlab, NamedTensor, Program, encode_program, layout
from tacit.reference.relations import Claim
from tacit.reference.rotation import ROTATION_CONTEXT, rotation_form
from tacit.reference.validity import VALIDITY_CONTEXT, validity_program
from tacit.reference.verify import CellClaim

from . import programs
from .commit import Random, Slab, commit_slab
from .execute import Execution
from .prover import Proof, Prover

CONTEXT = b"a context"


@dataclass
class Case:
    """A statement with its proof, and the secrets behind it."""

    program: Program
    geometry: Geometry
    slabs: dict[str, Slab]
    run: Execution
    context: bytes
    prover: Prover
    proof: Proof

    @property
    def arguments(self) -> dict:
        """What verify takes."""
        return {
            "program_bytes": encode_program(self.program),
            "geometry_bytes": GEOMETRY_CODEC.write(self.geometry),
            "commitments": {name: COMMITMENT_CODEC.write(s.commitment) for name, s in self.slabs.items()},
            "publics": [list(x) for x in self.proof.publics],
            "context": self.context,
            "argument": self.proof.argument,
            "target": 0,
        }

    def verify(self, **changes) -> None:
        verify(**{**self.arguments, **changes})


def prove_case(
    program: Program,
    geometry: Geometry,
    given: dict[str, list[int]],
    seed: bytes = b"seed",
    context: bytes = CONTEXT,
    *,
    slabs: dict[str, Slab] | None = None,
    cheat: dict | None = None,
    spoil=None,
    further: CellClaim | None = None,
    **slab_options,
) -> Case:
    """spoil(run): changes values after the honest execution; cheat: replaced prover steps."""
    random = Random(seed)
    run = Execution(program, given)
    if spoil is not None:
        spoil(run)
        run.einsum_values.clear()
        run.count()
    if slabs is None:
        slabs = {
            slab.name: commit_slab(program, i, run.values, geometry, random.fork(slab.name), **slab_options)
            for i, slab in enumerate(program.slabs)
        }
    prover = Prover(program, geometry, slabs, run, context, random.fork("proof"), cheat, further)
    return Case(program, geometry, slabs, run, context, prover, prover.prove())


def slab_tensors(program: Program, slab: int) -> list[NamedTensor]:
    members = (program.tensors[i] for i in layout(program, slab).order)
    return [(t.name, t.shape, t.lo, t.hi) for t in members]


def validity_case(case: Case, slab: int, seed: bytes = b"validity") -> Case:
    """The validity proof of one of a case's private slabs, same commitment."""
    name = case.program.slabs[slab].name
    program = validity_program(name, slab_tensors(case.program, slab))
    given = {t.name: case.run.values[i] for i, t in enumerate(case.program.tensors) if t.place == InSlab(slab)}
    slabs = {name: case.slabs[name]}
    return prove_case(program, case.geometry, given, seed, VALIDITY_CONTEXT, slabs=slabs)  # the same slab


def side_argument(
    case_slab: Slab, program: Program, key: bytes, v: K, index: int, run: Execution, seed: bytes
) -> bytes:
    """One side of a link proof: the slab opens the link's form to v."""
    forms, cells = rotation_form(program, key, index)
    claim = Claim("link", Affine(neg(v), {}, tuple(forms)))
    context = ROTATION_CONTEXT + key + pack_k([v])
    geometry = case_slab.commitment.header.geometry
    prover = Prover(
        program,
        geometry,
        {program.slabs[0].name: case_slab},
        run,
        context,
        Random(seed),
        further=CellClaim(claim, cells),
    )
    return prover.prove().argument


def link_value(slab: Slab, program: Program, key: bytes, index: int) -> K:
    """The form that a link opens, on a slab's cells."""
    forms, cells = rotation_form(program, key, index)
    lifted = [lift(x) for x in slab.cells]
    places = {**layout(program, 0).offsets, **cells}
    value = (0, 0, 0)
    for scalar, form in forms:
        value = add(value, mul(scalar, form.apply(lifted, places[form.tensor])))
    return value


NAMES = {
    "mixed": (programs.mixed, programs.TWO_LEVELS),
    "links": (programs.links, programs.ONE_LEVEL),
    "linear": (programs.linear, programs.THREE_LEVELS),
    "public_model": (programs.public_model, programs.TWO_LEVELS),
    "wide": (programs.wide, programs.TWO_LEVELS),
    "clamped": (programs.clamped, programs.TWO_LEVELS),
    "gated": (programs.gated, programs.TWO_LEVELS),
    "selected": (programs.selected, programs.TWO_LEVELS),
    "exclusive": (programs.exclusive, programs.ONE_LEVEL),
    "carried": (programs.carried, programs.TWO_LEVELS),
    "gathered": (programs.gathered, programs.TWO_LEVELS),
    "long_public": (programs.long_public, programs.TWO_LEVELS),
}


@lru_cache(None)
def honest(name: str) -> Case:
    make, geometry = NAMES[name]
    program = make()
    return prove_case(program, geometry, programs.values_for(program), max_fold=7 if name != "linear" else 6)


@lru_cache(None)
def secure() -> Case:
    """A proof of 128 bits."""
    program = programs.linear()
    return prove_case(program, programs.SECURE, programs.values_for(program), max_fold=6)
