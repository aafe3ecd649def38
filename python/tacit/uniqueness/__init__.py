"""Determinism, searched for: does a program leave its prover a choice of outputs?

What is found holds for the program that is searched, and for whoever trusts the solver's word that there is nothing to find; a
second witness is shown, and anybody can check it.
`second_witness` asks a constraint solver (CP-SAT of OR-tools, the extra `check`) for two witnesses of a program with the same
givens and different outputs. It finds them, shows that there are none, or says that the program is too large or the time up.

| module | what |
|---|---|
| `sums` | sums of variables, exact |
| `unknowns` | variables, products and rows of tables: the constraints of a question |
| `twins` | two witnesses as one and their difference |
| `relations` | einsums, lookups and zeros of a program on two witnesses |
| `solver` | constraints for CP-SAT, the parts that they fall into |
| `questions` | for a witness, another one, two; of the whole or in stages |
| `search` | which tensors are given, and the answer |
| `verdict` | what the answer is made of |
"""

from tacit.uniqueness.search import second_witness
from tacit.uniqueness.verdict import Answer, Second, Verdict

__all__ = ["Answer", "Second", "Verdict", "second_witness"]
