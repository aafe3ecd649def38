"""Writes vectors/*.json: what other implementations are compared with.

    python tests/reference/make_vectors.py [folder]

Everything is derived from fixed seeds, so the files only change when the protocol does. Bytes are hex.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import reach  # noqa: E402, F401
from toy import cases, programs  # noqa: E402
from toy.commit import Random, Tree, encode  # noqa: E402

from tacit.reference import Refused, verify  # noqa: E402
from tacit.reference.commitment import GEOMETRY_CODEC  # noqa: E402
from tacit.reference.field import (  # noqa: E402
    P,
    add,
    cubic_basis,
    domain_point,
    eq_low_table,
    eq_table,
    inverse,
    mul,
    pack_f,
    pack_k,
    quadratic,
    sub,
)
from tacit.reference.program import InSlab, encode_program  # noqa: E402
from tacit.reference.transcript import Transcript, digest_of, domain_tag, words  # noqa: E402
from tacit.reference.verify import absorb_public  # noqa: E402

FOLDER = HERE.parents[1] / "vectors"


def hex_k(x) -> str:
    return pack_k([x]).hex()


def hex_f(x: int) -> str:
    return pack_f([x]).hex()


# ---------------------------------------------------------------- primitives
def field_vectors() -> dict[str, Any]:
    random = Random(b"field")
    edge = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (P - 1, P - 1, P - 1), (P - 1, 0, 2**32), (2**32 - 1, 1, P - 2)]
    pairs = [(a, b) for a in edge for b in edge] + [tuple(random.k(2)) for _ in range(20)]
    keys = [b"", b"key", bytes(32), bytes(range(200))]
    inputs = [b"", b"abc", bytes(135), bytes(136), bytes(300)]
    point = random.k(4)
    x, values = random.k(1)[0], random.k(4)
    basis = cubic_basis(x)
    cubic = (0, 0, 0)
    for v, b in zip(values, basis, strict=True):
        cubic = add(cubic, mul(v, b))

    def first_words(key: bytes) -> list[str]:
        stream = words(key)
        return [hex_f(next(stream)) for _ in range(12)]

    return {
        "arithmetic": [
            {
                "a": hex_k(a),
                "b": hex_k(b),
                "sum": hex_k(add(a, b)),
                "difference": hex_k(sub(a, b)),
                "product": hex_k(mul(a, b)),
            }
            for a, b in pairs
        ],
        "inverse": [{"a": hex_k(a), "inverse": hex_k(inverse(a))} for a in edge[1:] + random.k(8)],
        "signed": [{"integer": n, "element": hex_f(n)} for n in (0, 1, -1, 2**62, -(2**62), 2**63 - 1, -(2**63))],
        "words": [{"key": key.hex(), "words": first_words(key)} for key in keys],
        "tags": [{"tag": t, "n": n, "bytes": domain_tag(t, n).hex()} for t, n in ((0, 7), (1, 0), (2, 3), (10, 5))],
        "keccak": [{"data": d.hex(), "digest": digest_of(d).hex()} for d in inputs],
        "eq_table": {"point": [hex_k(r) for r in point], "table": [hex_k(e) for e in eq_table(point)]},
        "eq_low_table": {"rho": [hex_k(r) for r in point], "table": [hex_k(e) for e in eq_low_table(point)]},
        "cubic": {"values": [hex_k(v) for v in values], "x": hex_k(x), "value": hex_k(cubic)},
        "quadratic": {
            "values": [hex_k(v) for v in values[:3]],
            "x": hex_k(x),
            "value": hex_k(quadratic(values[0], values[1], values[2], x)),
        },
    }


def transcript_vectors() -> dict[str, Any]:
    t = Transcript()
    steps: list[dict[str, Any]] = []

    def step(op: str, kind: str, **more: Any) -> None:
        steps.append({"op": op, "kind": kind, **more, "state": t.state.hex()})

    start = t.state.hex()
    for kind, data in (
        ("geometry", bytes(range(40))),
        ("context", b""),
        ("witness", bytes(32)),
        ("x" * 40, b"y" * 500),
    ):
        t.absorb(kind, data)
        step("absorb", kind, data=data.hex())
        step("challenge", "alpha", value=hex_k(t.challenge("alpha")))
    for _ in range(5):
        step("challenge", "round", value=hex_k(t.challenge("round")))
    for count, log in ((1, 1), (5, 3), (40, 10), (7, 28), (200, 9)):
        found = t.positions("queries", count, log)
        step("positions", "queries", count=count, log=log, value=found)
    return {"start": start, "steps": steps}


def public_vectors() -> dict[str, Any]:
    """A transcript that absorbed one public tensor: around the most that is absorbed whole, and at the edges of blocks."""
    out = []
    for count in (1, 1024, 4095, 4096, 4097, 5120, 5121, 8192, 20000):
        values = [(i * i * 2654435761 + 7 * i) % 2**40 - 2**39 for i in range(count)]
        t = Transcript()
        absorb_public(t, values)
        out.append({"entries": count, "state": t.state.hex()})
    return {"tensors": out}


def merkle_vectors() -> dict[str, Any]:
    out = []
    for log, width, salted in ((0, 1, False), (1, 3, True), (3, 2, False), (4, 5, True), (5, 24, False)):
        random = Random(b"merkle" + bytes([log]))
        columns = [random.f(1 << log) for _ in range(width)]
        salts = random.salts(1 << log) if salted else None
        tree = Tree(columns, salts)
        sets = [[0], [(1 << log) - 1], list(range(1 << log)), sorted({i * i * 5 % (1 << log) for i in range(6)})]
        out.append(
            {
                "log": log,
                "width": width,
                "salted": salted,
                "rows": [row.hex() for row in tree.rows],
                "salts": [salt.hex() for salt in tree.salts],
                "leaves": [leaf.hex() for leaf in tree.levels[0]],
                "root": tree.root.hex(),
                "openings": [{"positions": s, "bytes": tree.opening(s).hex()} for s in sets],
            }
        )
    return {"trees": out}


def encode_vectors() -> dict[str, Any]:
    out = []
    for log, rows in ((1, 1), (3, 4), (4, 3), (6, 24), (8, 100)):
        column = Random(b"encode" + bytes([log])).f(rows)
        word = encode(column, log)
        out.append({"log_domain": log, "column": [hex_f(x) for x in column], "word": [hex_f(x) for x in word]})
    points = [
        {"log": log, "index": i, "point": hex_f(domain_point(i, log))} for log, i in ((1, 1), (9, 5), (28, 12345))
    ]
    return {"codes": out, "points": points}


# ---------------------------------------------------------------- whole proofs
def vector(case: cases.Case, note: str, **changes: Any) -> dict[str, Any]:
    """One statement with its argument, as this verifier judges it."""
    arguments = {**case.arguments, **changes}
    try:
        verify(**arguments)
        expected = "accept"
    except Refused as refused:
        expected = refused.slug
    return {
        "note": note,
        "program": arguments["program_bytes"].hex(),
        "geometry": arguments["geometry_bytes"].hex(),
        "commitments": {name: data.hex() for name, data in arguments["commitments"].items()},
        "publics": [list(values) for values in arguments["publics"]],
        "context": arguments["context"].hex(),
        "argument": arguments["argument"].hex(),
        "target": arguments["target"],
        "expected": expected,
    }


def accepted_vectors() -> dict[str, dict[str, Any]]:
    out = {f"accept_{name}": vector(cases.honest(name), f"the honest proof of {name}") for name in cases.NAMES}
    model = cases.validity_case(cases.honest("mixed"), 0)
    out["accept_validity"] = vector(model, "the validity proof of the slab model of accept_mixed")
    out["accept_128_bits"] = vector(cases.secure(), "a geometry of 128 bits", target=128)
    wide = cases.validity_case(cases.honest("wide"), 0)
    out["accept_validity_digits"] = vector(wide, "a validity proof with digits")
    return out


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def header_change(case: cases.Case, slab: str, **changes: Any) -> dict[str, bytes]:
    from tacit.reference.commitment import COMMITMENT_CODEC

    commitment = case.slabs[slab].commitment
    changed = replace(commitment, header=replace(commitment.header, **changes))
    return {**case.arguments["commitments"], slab: COMMITMENT_CODEC.write(changed)}


def summed_products() -> dict[str, Any]:
    """A bare product of `exclusive` with a contraction: sums are bounded."""
    case = cases.honest("exclusive")
    (ab, *einsums), (zero, *zeros) = case.program.einsums, case.program.zeros
    (term,) = zero.expr.terms
    summed = replace(zero, shape=(2,), expr=replace(zero.expr, terms=(replace(term, links=term.links[:1]),)))
    program = replace(case.program, einsums=(replace(ab, out_axes=(0,)), *einsums), zeros=(summed, *zeros))
    return vector(case, "a zero of summed products that could wrap", program_bytes=encode_program(program))


def doubled_recurrence() -> dict[str, Any]:
    """2 x[t] - 2 x[t - 1] in `carried`, the rest twice as well: true, but x is bounded modulo p only."""
    case = cases.honest("carried")
    (zero,) = (z for z in case.program.zeros if z.name == "step")
    doubled = replace(zero.expr, terms=tuple(replace(term, coef=2 * term.coef) for term in zero.expr.terms))
    zeros = tuple(replace(z, expr=doubled) if z is zero else z for z in case.program.zeros)
    program = replace(case.program, zeros=zeros)
    return vector(case, "a recurrence with the coefficient 2", program_bytes=encode_program(program))


def indices() -> dict[str, dict[str, Any]]:
    """`gathered` by an index that is no statement's: committed, of another shape; and a statement of another index."""
    case = cases.honest("gathered")
    at = [t.name for t in case.program.tensors].index("q")
    q = case.program.tensors[at]

    def with_index(**changes: Any) -> bytes:
        tensors = tuple(replace(t, **changes) if t is q else t for t in case.program.tensors)
        return encode_program(replace(case.program, tensors=tensors))

    other = [list(values) for values in case.proof.publics]
    other[0][:2] = reversed(other[0][:2])
    return {
        "refuse_index_committed": vector(case, "an index in a slab", program_bytes=with_index(place=InSlab(1))),
        "refuse_index_shape": vector(case, "an index of another shape", program_bytes=with_index(shape=(3, 2))),
        "refuse_index_order": vector(case, "the rows in another order", publics=other),
    }


def long_publics() -> dict[str, dict[str, Any]]:
    """Statements of another long public tensor: entries of two blocks exchanged, and one entry changed in the last block."""
    case = cases.honest("long_public")
    q, y = (list(values) for values in case.proof.publics)
    at = next(i for i in range(1024) if q[i] != q[i + 1024])
    swapped = list(q)
    swapped[at], swapped[at + 1024] = q[at + 1024], q[at]
    last = [*q[:-1], q[-1] + 1 if q[-1] < 9 else q[-1] - 1]
    return {
        "refuse_public_blocks": vector(case, "entries of two blocks exchanged", publics=[swapped, y]),
        "refuse_public_last_block": vector(case, "the last entry another", publics=[last, y]),
    }


def refused_vectors() -> dict[str, dict[str, Any]]:
    case = cases.honest("linear")
    argument = case.proof.argument
    flip = lambda at: patched(argument, at, bytes([argument[at] ^ 1]))  # noqa: E731
    out: dict[str, dict[str, Any]] = {}

    def add_vector(name: str, note: str, **changes: Any) -> None:
        out[f"refuse_{name}"] = vector(case, note, **changes)

    add_vector("truncated", "the last byte is missing", argument=argument[:-1])
    add_vector("trailing", "a byte too many", argument=argument + b"\0")
    add_vector("non_canonical", "a padded element of p", argument=patched(argument, 32, P.to_bytes(8, "big")))
    add_vector("context", "another context", context=b"another context")
    add_vector("last_byte", "the last digest of the last opening changed", argument=flip(len(argument) - 1))
    add_vector("witness_root", "the witness root changed", argument=flip(0))
    publics = [list(x) for x in case.proof.publics]
    publics[0][0] += 1
    add_vector("public_value", "a public value one larger", publics=publics)
    publics[0][0] = 2**40
    add_vector("public_interval", "a public value outside its interval", publics=publics)
    add_vector("public_shape", "a public entry missing", publics=[case.proof.publics[0][:-1]])
    add_vector("target", "a geometry made for fewer bits than asked for", target=100)
    one = {"model": case.arguments["commitments"]["model"]}
    add_vector("slabs", "a commitment missing", commitments=one)
    both = case.arguments["commitments"]
    add_vector("swapped", "two commitments swapped", commitments={"model": both["data"], "data": both["model"]})
    add_vector(
        "budget",
        "a header with a budget its blinding is too short for",
        commitments=header_change(case, "model", budget=2),
    )
    add_vector("schema", "a header of another schema", commitments=header_change(case, "model", schema=bytes(32)))
    rate = replace(case.geometry, rows=2**11)
    add_vector("geometry", "a geometry above rate 1/2", geometry_bytes=GEOMETRY_CODEC.write(rate))
    add_vector("encoding", "a program with a byte too many", program_bytes=case.arguments["program_bytes"] + b"\0")
    wrapping = replace(case.program.zeros[0], expr=replace(case.program.zeros[0].expr, constant=2**63 - 1))
    add_vector(
        "program", "a zero that could wrap", program_bytes=encode_program(replace(case.program, zeros=(wrapping,)))
    )
    out["refuse_summed_products"] = summed_products()
    out["refuse_recurrence"] = doubled_recurrence()
    out |= indices()
    out |= long_publics()
    lies: dict[str, tuple[str, dict[str, Callable]]] = {
        "lie_products": ("a product that is none", {"product 0": lambda c: add(c, (1, 0, 0))}),
        "lie_final": ("a final vector that is not the fold", {"final": lambda v: [add(v[0], (1, 0, 0)), *v[1:]]}),
        "lie_ood": ("a wrong out-of-domain answer", {"ood": lambda v: add(v, (0, 1, 0))}),
        "lie_blinding": ("a wrong sum of blinding rows", {"S": lambda v: add(v, (0, 0, 1))}),
        "lie_mask": ("a wrong sum of the mask", {"mu": lambda v: add(v, (0, 0, 1))}),
        "lie_grinding": ("no grinding", {"grind": None}),
    }
    given = programs.values_for(case.program)
    for name, (note, cheat) in lies.items():
        lying = cases.prove_case(case.program, case.geometry, given, cheat=cheat, max_fold=6)
        out[f"refuse_{name}"] = vector(lying, note)
    weak = cases.prove_case(case.program, replace(case.geometry, target=200), given, max_fold=6)
    out["refuse_security"] = vector(weak, "a geometry that is weaker than it says", target=100)
    return out


def write(folder: Path, name: str, content: Any, *, indent: int | None = 1) -> None:
    text = json.dumps(content, indent=indent)
    (folder / f"{name}.json").write_text(text + "\n")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "field", field_vectors())
    write(folder, "transcript", transcript_vectors())
    write(folder, "public", public_vectors())
    write(folder, "merkle", merkle_vectors())
    write(folder, "encode", encode_vectors())
    for name, content in {**accepted_vectors(), **refused_vectors()}.items():
        write(folder, f"proof_{name}", content)
        print(f"{name}: {content['expected']}")


if __name__ == "__main__":
    main()
