"""Settings in TOML: which keys there may be, each of which type, and paths beside the file that names them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tacit.api.native import read_file
from tacit.errors import InputError, MissingDependency

#: Bytes of a file at most.
_MOST_FILE = 1 << 20


@dataclass(frozen=True)
class Settings:
    """A table of a file. `place`: what errors call it."""

    values: Mapping[str, Any]
    folder: Path
    place: str

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Settings:
        """Read a file. Raises InputError (slug file, settings)."""
        if sys.version_info < (3, 11):
            raise MissingDependency(
                "Flower needs Python 3.11", place="tacit.flower", remedy="use it with a later Python"
            )
        import tomllib

        try:
            values = tomllib.loads(read_file(path, _MOST_FILE).decode())
        except (ValueError, RecursionError) as error:
            raise _wrong(f"no TOML: {error}"[:200], str(path)) from None
        return cls(values, Path(path).resolve().parent, str(path))

    def check(self, needed: set[str], optional: set[str] | frozenset[str] = frozenset()) -> None:
        """Whether all needed keys are there, and no unknown ones. Raises InputError (slug settings)."""
        missing, unknown = sorted(needed - self.values.keys()), sorted(self.values.keys() - needed - optional)
        if missing or unknown:
            fault = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is unknown"
            known = ", ".join(sorted(needed | optional))
            raise _wrong(f"{fault}; the keys are {known}", self.place)

    def text(self, key: str) -> str:
        """A text. Raises InputError (slug settings)."""
        found = self.values.get(key)
        if not isinstance(found, str) or not found:
            raise _wrong(f"expected a text, got {type(found).__name__}", f"{self.place}: {key}")
        return found

    def texts(self, key: str) -> list[str]:
        """Texts; none if the key is not there. Raises InputError (slug settings)."""
        found = self.values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
            raise _wrong("expected a list of texts", f"{self.place}: {key}")
        return found

    def path(self, key: str) -> Path:
        """A file, beside this one unless its path begins at the root. Raises InputError (slug settings)."""
        return self.folder / self.text(key)

    def paths(self, key: str) -> list[Path]:
        """Files. Raises InputError (slug settings)."""
        return [self.folder / name for name in self.texts(key)]

    def data(self, key: str) -> bytes:
        """The bytes of a file. Raises InputError (slug settings, file)."""
        return read_file(self.path(key))

    def tables(self, key: str) -> list[Settings]:
        """A list of tables, at least one. Raises InputError (slug settings)."""
        found = self.values.get(key)
        if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
            raise _wrong("expected tables", f"{self.place}: {key}")
        return [Settings(item, self.folder, f"{self.place}: {key} {at}") for at, item in enumerate(found, 1)]


def _wrong(reason: str, place: str) -> InputError:
    return InputError(
        reason, slug="settings", place=place, remedy="the guide on Flower has a file of each kind, key by key"
    )
