"""What callers pass, checked before it reaches the extension module: an error names the argument and the way to make one."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Number, Real
from typing import Any

from tacit.api.objects import Array, Commitment, Ints, Port, Program, Proof, Weights
from tacit.api.secret import Secret
from tacit.errors import InputError

#: Words for classes whose names say little.
_WORDS: dict[type, str] = {Integral: "a whole number", Real: "a number", Mapping: "a dictionary"}

#: How a value of a class is come by.
_MAKE: dict[type, str] = {
    Program: "tacit.Program.load(path), or what tacit.compile returns first",
    Weights: "tacit.Weights.load(path), or what tacit.compile returns second",
    Secret: "tacit.Secret.load(path), or what tacit.commit_model and tacit.commit_data return",
    Commitment: "tacit.Commitment.load(path), or the attribute `commitment` of a secret",
    Proof: "tacit.Proof.load(path), or what tacit.prove returns",
    bytes: "bytes, such as bytes.fromhex('c0ffee')",
    Mapping: 'a dictionary of arrays by input name, such as {"x": x}; for the one input there is the array will do',
}


def check(name: str, value: Any, *kinds: type, optional: bool = False) -> None:
    """Raise InputError unless the value is of one of these classes (or None, where it is optional)."""
    if isinstance(value, kinds) or (optional and value is None):
        return
    wanted = " or ".join(_WORDS.get(kind, kind.__name__) for kind in kinds)
    raise InputError(
        f"expected {wanted}, got {type(value).__name__}", slug="type", place=name, remedy=_MAKE.get(kinds[0], "")
    )


def check_named(place: str, values: Any, *names: str) -> None:
    """Raise InputError unless these are values by name, and have those of these names."""
    check(place, values, Mapping)
    missing = [name for name in names if name not in values]
    if missing:
        raise InputError(
            f"expected {', '.join(names)}, got {', '.join(map(str, values))[:200] or 'nothing'}",
            slug="missing",
            place=place,
            remedy=f"give {', '.join(missing)}, too",
        )


def check_weights(program: Program, weights: Weights) -> None:
    """Raise InputError unless the weights are those of this program."""
    if weights.program != program.digest:
        raise InputError(
            f"expected the weights of program {program.digest[:16]}, got those of {weights.program[:16]}",
            slug="weights",
            place="weights",
            remedy="give the weights that were compiled together with this program",
        )


def further(given: Mapping[str, Any] | None, *named: str) -> dict[str, Any]:
    """What is given by role, of roles that have no argument of their own. Raises InputError (slugs type, commitments)."""
    check("commitments", given, Mapping, optional=True)
    for role in named:
        if role in (given or {}):
            raise InputError(
                "this role has an argument of its own, or is committed along with the proof",
                slug="commitments",
                place=role,
                remedy=f"leave it out of commitments, and give {role}= where the call takes it",
            )
    return {str(role): value for role, value in (given or {}).items()}


def by_name(name: str, given: Any, ports: list[Port]) -> Mapping[str, Any]:
    """Values by input name: a dictionary as it is, one array for the one input there is, nothing for none.

    `name`: the argument. Raises InputError (slug type).
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return given
    # What has `__array__`: of NumPy, and tensors and tables of others.
    if isinstance(given, (list, tuple, Number)) or hasattr(given, "__array__"):
        if len(ports) == 1:
            return {ports[0].name: given}
        names = ", ".join(port.name for port in ports)
        wanted = f"a dictionary of arrays for the inputs {names}" if ports else "no input: all of them are committed"
        raise InputError(
            f"expected {wanted}, got one {type(given).__name__}", slug="type", place=name, remedy=_MAKE[Mapping]
        )
    raise InputError(
        f"expected a dictionary or an array, got {type(given).__name__}", slug="type", place=name, remedy=_MAKE[Mapping]
    )


def check_names(inputs: Mapping[str, Array], ports: list[Port]) -> None:
    """Raise InputError unless just these inputs are given."""
    wanted = [port.name for port in ports]
    for name in wanted:
        if name not in inputs:
            raise InputError(
                f"expected a value for each of {', '.join(wanted)}, got {', '.join(map(str, inputs)) or 'none'}",
                slug="missing",
                place=name,
            )
    for name in inputs:
        if name not in wanted:
            expected = ", ".join(wanted) or "no input that is not committed"
            raise InputError(f"the program has no such input; it takes {expected}", slug="extra", place=name)


def given_integers(program: Program, inputs: Mapping[str, Array] | Array | None) -> list[tuple[str, Ints]]:
    """(tensor, integers) of the inputs that are not committed. Raises InputError for names, shapes and ranges.

    Ranges are the program's, so public, and the values the caller's own: the errors name both.
    """
    ports = [port for port in program.inputs.values() if port.place in ("private", "public")]
    named = by_name("inputs", inputs, ports)
    check_names(named, ports)
    return [(port.tensor, port.quantize(named[port.name])) for port in ports]


def refuse_more(given: Mapping[str, Any]) -> None:
    """Raise InputError if anything is left that no commitment has taken."""
    for name, value in given.items():
        if value is not None:
            raise InputError("the program has no such commitment", slug="commitments", place=name)


def check_count(name: str, count: int, most: int = 2**32 - 1) -> None:
    """A number that the native code can take. Raises InputError."""
    check(name, count, Integral)
    if not 1 <= count <= most:
        raise InputError(f"expected 1 to {most}, got {count}", slug=name, place=name)
