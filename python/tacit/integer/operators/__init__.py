"""The integer operators, by families."""
