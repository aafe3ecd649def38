"""The lineage of a model: everything public, from a prediction back to the issuers of the data, and every proof verified again.

export(store, task, folder)          what a server publishes: a folder, as it is or behind any web server
found = verify(place, readers)       the whole of it, or InvalidProof naming what does not hold
picture(found), tree(found)          what is shown, what is hidden, and from whom
"""

from __future__ import annotations

from tacit.network.lineage.export import export
from tacit.network.lineage.files import Head, open_lineage
from tacit.network.lineage.picture import page, picture
from tacit.network.lineage.report import Contributor, Left, Lineage, Round
from tacit.network.lineage.tree import tree
from tacit.network.lineage.verifying import examine, task_of, verify

__all__ = [
    "Contributor",
    "Head",
    "Left",
    "Lineage",
    "Round",
    "examine",
    "export",
    "open_lineage",
    "page",
    "picture",
    "task_of",
    "tree",
    "verify",
]
