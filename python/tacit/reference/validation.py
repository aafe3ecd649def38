"""What makes a program valid. Docs: program.md, sections 2, 3 and 5 (intervals: intervals.py)."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import Refused
from .field import HALF, bits
from .intervals import check_intervals
from .program import (
    Clamp,
    ClampHint,
    Constant,
    DigitsHint,
    DivideHint,
    Einsum,
    Expr,
    Hint,
    InSlab,
    LinearHint,
    Link,
    LookupHint,
    MaxHint,
    OfEinsum,
    OneHotMaxHint,
    Program,
    Public,
    Shape,
    Table,
    is_identity,
    shape_bits,
    valid_entries,
)
from .syntax import VERSION
from .work import check_work

MAX_AXES, MAX_PADDED_BITS = 8, 30
MAX_SLABS, MAX_LIST, MAX_ROWS, MAX_SHIFT = 16, 2**16, 2**20, 62
MAX_ENTRIES, MAX_ALL_ROWS, MAX_FRAC = 2**40, 2**24, 512


def refuse(place: str, detail: str) -> Refused:
    return Refused("program", place, detail)


def require(condition: bool, place: str, detail: str) -> None:
    if not condition:
        raise refuse(place, detail)


def validate(program: Program) -> None:
    """Refuses ("program") a program that is malformed or in which something could wrap modulo p."""
    require(program.version == VERSION, "program", f"version {program.version}")
    require(len(program.name.encode()) <= 128, "program", "name longer than 128 bytes")
    _check_lists(program)
    _check_tensors(program)
    for table in program.tables:
        _check_table(table)
    rows = sum(1 << bits(table.rows) for table in program.tables)
    require(rows <= MAX_ALL_ROWS, "tables", f"{rows} rows in all, padded")
    for einsum in program.einsums:
        _check_einsum(program, einsum)
    _check_lookups(program)
    for zero in program.zeros:
        place = f"zero {zero.name}"
        _check_shape(zero.shape, place)
        _check_expr(program, zero.expr, zero.shape, place, einsums=True)
    for number, hint in enumerate(program.hints):
        _check_hint(program, hint, f"hint {number}")
    for port in program.inputs + program.outputs:
        place = f"port {port.name}"
        require(port.tensor < len(program.tensors), place, "no such tensor")
        is_constant = isinstance(program.tensors[port.tensor].place, Constant)
        require(not is_constant, place, "the tensor is a constant")
        require(abs(port.frac) <= MAX_FRAC, place, f"a frac of {port.frac}")
    check_work(program)
    check_intervals(program)


def _check_lists(program: Program) -> None:
    require(len(program.slabs) <= MAX_SLABS, "slabs", "more than 16")
    for name in ("tensors", "tables", "einsums", "lookups", "zeros", "hints", "inputs", "outputs"):
        require(len(getattr(program, name)) <= MAX_LIST, name, "more than 2^16")
    for place, names in (
        ("slabs", [s.name for s in program.slabs]),
        ("inputs", [p.name for p in program.inputs]),
        ("outputs", [p.name for p in program.outputs]),
    ):
        require(all(names), place, "an empty name")
        require(len(set(names)) == len(names), place, "a name used twice")
    # Constants, public and witness tensors share a place; each slab is one of its own.
    own = [(t.place.slab if isinstance(t.place, InSlab) else None, t.name) for t in program.tensors]
    require(all(name for _, name in own), "tensors", "an empty name")
    require(len(set(own)) == len(own), "tensors", "a name used twice in one place")


def _check_shape(shape: Shape, place: str) -> None:
    require(len(shape) <= MAX_AXES, place, f"{len(shape)} axes")
    require(all(extent >= 1 for extent in shape), place, "an extent of 0")
    require(shape_bits(shape) <= MAX_PADDED_BITS, place, "padded size above 2^30")


def _check_tensors(program: Program) -> None:
    for tensor in program.tensors:
        place = f"tensor {tensor.name}"
        _check_shape(tensor.shape, place)
        require(tensor.lo <= tensor.hi, place, "an empty interval")
        require(tensor.lo >= -HALF and tensor.hi <= HALF, place, "an interval that leaves (-p/2, p/2)")
        if isinstance(tensor.place, InSlab):
            require(tensor.place.slab < len(program.slabs), place, "no such slab")
        if isinstance(tensor.place, Constant):
            values = tensor.place.values
            require(len(values) == valid_entries(tensor.shape), place, "values and shape differ")
            inside = all(tensor.lo <= v <= tensor.hi for v in values)
            require(inside, place, "a value outside its interval")


def _check_table(table: Table) -> None:
    place, kind = f"table {table.name}", table.kind
    require(1 <= table.rows <= MAX_ROWS, place, f"{table.rows} rows")
    require(table.ins[0] >= -HALF and table.ins[-1] <= HALF, place, "inputs that leave (-p/2, p/2)")
    if isinstance(kind, Clamp):
        require(kind.low <= kind.high, place, f"a clamp to the empty [{kind.low}, {kind.high}]")
        require(kind.low >= -HALF and kind.high <= HALF, place, "a clamp that leaves (-p/2, p/2)")
    low, high = table.out_ends
    require(low >= -HALF and high <= HALF, place, "outputs that leave (-p/2, p/2)")


def _check_lookups(program: Program) -> None:
    require(bool(program.lookups) or not program.tables, "tables", "tables without lookups")
    entries = 0
    for lookup in program.lookups:
        place = f"lookup {lookup.name}"
        require(lookup.table < len(program.tables), place, "no such table")
        require(lookup.shift <= MAX_SHIFT, place, f"shift {lookup.shift}")
        _check_shape(lookup.shape, place)
        _check_expr(program, lookup.input, lookup.shape, place, einsums=True)
        _check_expr(program, lookup.output, lookup.shape, place, einsums=True)
        entries += valid_entries(lookup.shape)
    require(entries < MAX_ENTRIES, "lookups", "2^40 entries or more")


def _check_einsum(program: Program, einsum: Einsum) -> None:
    place = f"einsum {einsum.name}"
    labels = range(len(einsum.extents))
    for axes in (einsum.a_axes, einsum.b_axes, einsum.out_axes):
        require(all(x in labels for x in axes), place, "no such label")
        require(len(set(axes)) == len(axes), place, "a label twice in a list")
    for x in labels:
        a, b, out = x in einsum.a_axes, x in einsum.b_axes, x in einsum.out_axes
        kinds = (a and b) or (out and (a or b))  # batch, contraction; free
        require(kinds, place, f"label {x} is neither batch, contraction nor free")
    for axes, expr in ((einsum.a_axes, einsum.a), (einsum.b_axes, einsum.b)):
        shape = einsum.shape_of(axes)
        _check_shape(shape, place)
        _check_expr(program, expr, shape, place, einsums=False)
    _check_shape(einsum.out_shape, place)


def _check_expr(program: Program, expr: Expr, shape: Shape, place: str, *, einsums: bool) -> None:
    require(len(expr.terms) <= MAX_LIST, place, "more than 2^16 terms")
    for term in expr.terms:
        require(term.coef != 0, place, "a coefficient of 0")
        index = term.source.index
        if isinstance(term.source, OfEinsum):
            require(einsums, place, "an einsum inside an operand")
            require(index < len(program.einsums), place, "no such einsum")
            out_shape = program.einsums[index].out_shape
            fits = is_identity(term, shape, out_shape)
            require(fits, place, "an einsum that is not taken as the identity")
        else:
            require(index < len(program.tensors), place, "no such tensor")
            _check_links(term.links, shape, program.tensors[index].shape, place)
            for link in term.links:
                _check_index(program, link, shape, place)


def _check_links(links: Sequence[Link], target: Shape, source: Shape, place: str) -> None:
    for side, shape in (("target", target), ("source", source)):
        pairs = [pair for link in links for pair in getattr(link, side)]
        axes = [axis for axis, _ in pairs]
        require(all(axis < len(shape) for axis in axes), place, f"no such {side} axis in a link")
        require(len(set(axes)) == len(axes), place, f"a {side} axis linked twice")
        require(all(stride != 0 for _, stride in pairs), place, "a stride of 0")
    require(all(link.target or link.source for link in links), place, "a link without axes")


def _check_index(program: Program, link: Link, target: Shape, place: str) -> None:
    """index[t] + offset = s or -s, the index known to every verifier, an entry for every tuple of the link's target axes."""
    if link.index is None:
        return
    require(
        len(link.source) == 1 and link.source[0][1] in (1, -1), place, "an index without one source axis of stride 1"
    )
    require(all(stride == 1 for _, stride in link.target), place, "an index with a target stride")
    require(link.index < len(program.tensors), place, "no such index")
    tensor = program.tensors[link.index]
    require(
        isinstance(tensor.place, Constant | Public),
        place,
        f"{tensor.name}, an index that is neither constant nor public",
    )
    extents = tuple(target[axis] for axis, _ in link.target)
    require(tensor.shape == extents, place, f"{tensor.name}, an index of another shape than {list(extents)}")


def _check_hint(program: Program, hint: Hint, place: str) -> None:
    """Expressions well formed, whole tensors (no constants) of the right shape written; values are nobody's concern."""

    def written(index: int, shape: Shape | None) -> Shape:
        require(index < len(program.tensors), place, "no such tensor")
        tensor = program.tensors[index]
        require(not isinstance(tensor.place, Constant), place, f"it writes {tensor.name}, a constant")
        require(shape is None or tensor.shape == shape, place, f"it writes {tensor.name}, of another shape")
        return tensor.shape

    def expr(value: Expr, shape: Shape) -> None:
        _check_shape(shape, place)
        _check_expr(program, value, shape, place, einsums=True)

    def digits(pairs: Sequence[tuple[int, int]], shape: Shape) -> None:
        require(len(pairs) <= MAX_LIST, place, "more than 2^16 digits")
        for index, width in pairs:
            require(width <= MAX_SHIFT, place, f"a digit of {width} bits")
            written(index, shape)

    match hint:
        case LinearHint():
            expr(hint.expr, written(hint.dst, None))
        case LookupHint():
            require(hint.table < len(program.tables), place, "no such table")
            require(hint.shift <= MAX_SHIFT, place, f"shift {hint.shift}")
            expr(hint.expr, written(hint.dst, None))
        case DigitsHint():
            expr(hint.expr, hint.shape)
            digits(hint.digits, hint.shape)
            if hint.quotient is not None:
                written(hint.quotient, hint.shape)
        case DivideHint():
            expr(hint.num, hint.shape)
            expr(hint.den, hint.shape)
            written(hint.quotient, hint.shape)
            written(hint.remainder, hint.shape)
        case MaxHint():
            expr(hint.expr, hint.shape)
            require(1 <= hint.axes <= len(hint.shape), place, f"a maximum over {hint.axes} axes")
            require(hint.shift <= MAX_SHIFT, place, f"shift {hint.shift}")
            kept = hint.shape[: len(hint.shape) - hint.axes]
            digits(hint.digits, kept)
            written(hint.quotient, kept)
        case ClampHint():
            expr(hint.expr, hint.shape)
            require(hint.shift <= MAX_SHIFT, place, f"shift {hint.shift}")
            require(hint.low <= hint.high, place, f"a clamp to the empty [{hint.low}, {hint.high}]")
            for index in (hint.inside, hint.outside):
                if index is not None:
                    written(index, hint.shape)
        case OneHotMaxHint():
            expr(hint.expr, hint.shape)
            require(len(hint.shape) > 0, place, "a maximum over no axis")
            written(hint.dst, hint.shape)
