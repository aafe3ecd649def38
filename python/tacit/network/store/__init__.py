"""What a server keeps: rows in SQLite or PostgreSQL, and objects by digest in a folder. It survives being killed at any step.

Every call is one transaction, on the disk when it returns, and may be made again. Objects are written before the rows that name
them. Of two that do the same at once one is first, and the other learns it.
"""

from __future__ import annotations

import os

from tacit.network.objects import Folder
from tacit.network.store.nodes import Nodes, Registered
from tacit.network.store.rounds import NOBODY, Entry, Rounds, Row


class Store(Nodes, Rounds):
    """A database and a folder.

    `url`: `sqlite:///rounds.db`, or `postgresql://host/database` (psycopg). `folder`: where objects lie. Raises InputError: slug
    store for a database that does not answer or is none of the two, store_version for tables of another release.
    """

    def __init__(self, url: str, folder: str | os.PathLike[str]) -> None:
        self.objects = Folder(folder, make=True)
        super().__init__(url)


__all__ = ["NOBODY", "Entry", "Registered", "Row", "Store"]
