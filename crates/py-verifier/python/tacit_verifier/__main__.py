"""The command `tacit-verify`, which is the one written in Rust."""

import sys

from tacit_verifier import _native


def main() -> int:
    """Exit code: 0 the statement is true, 1 refused or bad input, 2 a bug."""
    return _native.run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
