"""Where a lineage is: a folder or a URL with the file `lineage`, which names its task and its last link, and the objects.

lineage    magic "tacit lineage 1" || task || link of the last round (the task, before the first)
schema     of the records, where the publisher put one
objects/   everything else, by digest
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tacit.errors import InputError, InvalidProof
from tacit.network.objects import Folder, Objects, Web, read_bounded

HEAD, SCHEMA = "lineage", "schema"
MAGIC = b"tacit lineage 1"
#: Bytes of a schema at most.
MOST_SCHEMA = 1 << 20


@dataclass(frozen=True)
class Head:
    """Where to begin: both names are what has to be trusted, and nothing else of a lineage."""

    task: bytes
    link: bytes

    def to_bytes(self) -> bytes:
        """The file `lineage`."""
        return MAGIC + self.task + self.link

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """Of the file's bytes. Raises InvalidProof (slug lineage)."""
        if len(data) != len(MAGIC) + 64 or not data.startswith(MAGIC):
            raise InvalidProof(
                f"expected {len(MAGIC) + 64} bytes that name a task and a link, got {len(data)} bytes, or others",
                slug="lineage",
                place=HEAD,
            )
        return cls(data[-64:-32], data[-32:])


@dataclass(frozen=True)
class Source:
    """An open lineage: its objects, and how its few named files are read."""

    objects: Objects
    file: Callable[[str, int], bytes]

    def head(self) -> Head:
        """The file `lineage`. Raises InvalidProof."""
        return Head.from_bytes(self.file(HEAD, len(MAGIC) + 64))

    def schema(self) -> bytes | None:
        """The file `schema`, None where there is none."""
        try:
            return self.file(SCHEMA, MOST_SCHEMA)
        except InvalidProof as error:
            if error.slug != "object_missing":
                raise
            return None


def open_lineage(place: str | Path) -> Source:
    """A folder, or a URL of one. Raises InputError (slug file) where there is no such folder, InvalidProof
    (slug object_missing) where it is no lineage.
    """
    if isinstance(place, str) and place.startswith(("http://", "https://")):
        web = Web(place)
        return Source(web, lambda name, most: web.file(name, most, name))
    folder = Path(place)
    if not folder.is_dir():
        raise InputError("expected a folder or a URL, found no such folder", slug="file", place=str(place))
    if not (folder / HEAD).is_file():
        raise InvalidProof(
            f"expected a lineage, which has a file {HEAD!r}, got a folder without one",
            slug="object_missing",
            place=str(folder),
            remedy="give the folder that tacit.network.lineage.export wrote, or the address that it is published at",
        )
    return Source(Folder(folder), lambda name, most: read_bounded(folder / name, most, name))
