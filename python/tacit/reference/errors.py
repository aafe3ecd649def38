"""The verifier's only answer besides accepting."""

from __future__ import annotations


class Refused(Exception):
    """A statement, an argument or a file was refused.

    slug: one of the stable names of docs/protocol/protocol.md, section 9; place: what was being checked
    ("lookup relu", "opening of model", "section geometry"); detail: what was found there.
    """

    def __init__(self, slug: str, place: str, detail: str = "") -> None:
        super().__init__(f"{slug}: {place}" + (f": {detail}" if detail else ""))
        self.slug = slug
        self.place = place
        self.detail = detail
