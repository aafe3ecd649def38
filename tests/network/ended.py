"""How a round ended: its link and its results as one, for tests that ask for both, or change them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from tacit.network.messages import LINK, RESULTS, Absence, Contribution, Link, Results
from tacit.network.objects import Folder, read_message


@dataclass(frozen=True)
class Ended(Link):
    """A link, and what its `results` name."""

    contributions: tuple[Contribution, ...] = ()
    absences: tuple[Absence, ...] = ()

    @classmethod
    def read(cls, objects: Folder, name: bytes) -> Ended:
        link = read_message(objects, LINK, name)
        results = read_message(objects, RESULTS, link.results)
        return cls(**vars(link), contributions=results.contributions, absences=results.absences)

    def with_(self, objects: Folder, **changes: Any) -> Link:
        """The link with these fields; results that are changed are written."""
        changed = replace(self, **changes)
        if "results" not in changes:
            data = RESULTS.write(Results(changed.contributions, changed.absences))
            objects.put(RESULTS.digest(data), data)
            changed = replace(changed, results=RESULTS.digest(data))
        return Link(**{field.name: getattr(changed, field.name) for field in fields(Link)})
