"""Install what pyproject.toml asks for, without building the package: `install.py [EXTRA ...]`.

`pip install -e .[extra]` would build the extension module again for every extra.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


def main(extras: list[str]) -> int:
    """Install the dependencies and those of the extras; the exit code is pip's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    unknown = [extra for extra in extras if extra not in known]
    if unknown:
        print(f"no such extra in pyproject.toml: {', '.join(unknown)} (known: {', '.join(known)})", file=sys.stderr)
        return 1
    requirements = [*project["dependencies"], *(item for extra in extras for item in known[extra])]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
