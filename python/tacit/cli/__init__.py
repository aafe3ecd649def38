"""The command line. Nothing imports it."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The entry point of the `tacit` command."""
    try:
        # Here, and not above: libraries take most of a second to load, and who interrupts that shall see no trace of it.
        from tacit.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
