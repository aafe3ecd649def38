"""`python -m tacit.cli` is the `tacit` command."""

from tacit.cli import main

main()
