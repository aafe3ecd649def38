"""Lowering: integer operators to the relations of docs/program.md, one module per family of operators."""
