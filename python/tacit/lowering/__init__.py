"""Lowering: float operators to integer operators to the relations of docs/program.md.

An operator takes two small units, each of a few dozen lines:

- an *integer operator* (a subclass of `core.Operator` in the module of its family): `shape`, `frac` (what it does to scales:
  nothing else may move one), `reach` (what its result can be) and, where it is not defined everywhere, `total`, `reference`
  (what it means, in plain NumPy, independent of any program) and `lower` (relations that force exactly that). Its docstring
  says why a prover has no choice: the range of a remainder, both sides of an inequality, one-hot vectors, ties. Most float
  operators need no new one.
- a *rule* (`@rule("Name")` in a `rules_*` module) that makes integer operators from a float node and chooses the scales.

| module | what |
|---|---|
| `affine` | views as links: reshape, transpose, slice, pad, patches, sums |
| `intervals` | known intervals, the check that nothing wraps |
| `builder` | tensors, relations and hints of one program |
| `core` | `Operator`, `IntGraph` |
| `reach`, `total` | what values can be, whatever the inputs; operators made to take all of it (ADR 0011) |
| `saturate`, `lookups`, `prices` | roundings that clamp, what they are made of, what a lowering costs |
| `coarse` | public numbers that tell little (ADR 0010) |
| `standin`, `equalise`, `architecture` | one program for all checkpoints of an architecture |
| `scale` | what an integer means: `Value`, the one record of a scale |
| `views`, `contraction`, `rounding`, `signs`, `maxima`, `select`, `softmax` | integer operators |
| `rules_linear`, `rules_conv`, `rules_views`, `rules_round`, `rules_select` | rules |
| `rules_columns` | inputs whose columns differ by magnitudes |
| `storage` | how weights lie in the model slab; boxes that pad well |
| `emit` | places of inputs, weights and outputs; the whole program |
| `search` | the cheapest precision and limb widths that measure up |

An operator's meaning on real numbers is one line in `tests/compiler/test_scales.py`. A test is one line in
`tests/compiler/test_operators.py` (execution equals the reference bit for bit, near the float operator) which `test_forced.py`
then takes too (no committed entry is free); cheating by several entries at once, where an operator has inequalities or
selectors, gets a test of its own there.
"""
