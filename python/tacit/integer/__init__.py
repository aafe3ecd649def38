"""The integer graph and its lowering: integer operators, and the relations of docs/protocol/program.md that force them.

An operator takes two small units, each of a few dozen lines:

- an *integer operator* (a subclass of `graph.Operator` in the module of its family, `tacit.integer.operators`): `shape`,
  `frac` (what it does to scales: nothing else may move one), `reach` (what its result can be) and, where it is not defined
  everywhere, `total`, `meaning` (what it means, in plain NumPy, independent of any program) and `lower` (relations that
  force exactly that). Its docstring says why a prover has no choice: the range of a remainder, both sides of an inequality,
  one-hot vectors, ties. Most float operators need no new one.
- a *rule* (`@rule("Name")` in `tacit.quantize.rules`) that makes integer operators from a float node and chooses the scales.

| module | what |
|---|---|
| `graph` | `Operator`, `IntGraph` |
| `scale` | what an integer means: `Value`, the one record of a scale |
| `reach`, `total` | what values can be, whatever the inputs; operators made to take all of it (ADR 0011) |
| `lookups`, `prices` | what roundings are made of, what a lowering costs |
| `operators` | the integer operators by families, and what those are made of: `rounding`, `saturation`, `tables` |
| `storage` | how weights lie in the model slab; boxes that pad well |
| `emit` | places of inputs, weights and outputs; the whole program |

An operator's meaning on real numbers is one line in `tests/integer/test_scales.py`. A test is one line in
`tests/integer/test_operators.py` (execution equals the meaning bit for bit, near the float operator) which `test_forced.py`
then takes too (no committed entry is free). And a toy in `tests/determinism/toys.py`: whatever the operands are, the relations
leave one result, and none of them is there for nothing; a constraint solver looks for another (`tacit.uniqueness`).
"""
