"""What the owner of a commitment keeps: its values, its seed, and the count of its proofs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from numbers import Integral
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from tacit import _native
from tacit.api import leftovers
from tacit.api.counted import Counted, counter_of
from tacit.api.kinds import journal_of
from tacit.api.native import failures, staged
from tacit.api.objects import Commitment, Program
from tacit.api.storage import Path
from tacit.errors import InputError, NoCopy
from tacit.progress import slow

if TYPE_CHECKING:
    from tacit.counters import Counter


class Secret:
    """What the owner of a commitment keeps. It counts its proofs: once saved, in a journal beside the file.

    So it is neither copied nor pickled, and its file has a path.
    """

    def __init__(self, native: _native.Slab, counter: Counter | None = None) -> None:
        self._native = native
        self._counted = Counted(native, counter)

    @classmethod
    def load(cls, path: Path, *, counter: Counter | str | None = None) -> Secret:
        """Read a secret file and its journal. Raises AllowanceExceeded when the journal is missing or damaged.

        `counter`: what the secret was saved with, or what it is to have from now on (`tacit.counters`): an object, or its
        name, "file:PATH" or "postgresql://..". A journal that is behind it is an older copy: `prove` and `rotate` refuse it
        (slug restored), `renew` does not.
        Public values are committed again from the values in the file: InvalidProof (slug encoding) if its root, its
        header or an interval is not theirs.
        """
        _check_path(path)
        found = counter_of(counter)
        leftovers.remove(FilePath(path))
        with failures(str(path)):
            secret = cls(_native.Slab.load(os.fspath(path)), found)
        secret._counted.attach()
        return secret

    def save(self, path: Path, *, counter: Counter | str | None = None) -> None:
        """Write the secret file (readable by its owner only) and start its journal, PATH.journal.

        Never restore the journal from a backup, and never copy a secret: proofs beyond the allowance give the values away, all
        of a small model's with a few. After a restore: `renew` until the identity is new, never prove. `counter`: a number kept
        elsewhere that notices it (`tacit.counters`); from then on the secret is loaded with it.

        Raises InputError, and AllowanceExceeded (slug too_large) from 4 GiB on; then nothing is written and nothing counted.
        """
        _check_path(path)
        leftovers.remove(FilePath(path))
        for there in (os.fspath(path), os.fspath(journal_of(path))):
            if os.path.exists(there):
                alone = "; a journal alone may be removed once its secret is gone for good"
                raise InputError(
                    "a file is there already: a secret or its journal is never replaced",
                    slug="exists",
                    place=there,
                    remedy=f"choose another name{alone if not os.path.exists(path) else ''}",
                )

        # The journal before the secret has its name: a secret without one is refused. But after its bytes are on the
        # disk: a full disk leaves no journal, and a secret that can be saved elsewhere.
        # Its bytes pass through no object of Python's, which nobody can wipe.
        def fill(_: int, temporary: str) -> None:
            with failures(os.fspath(path)):
                self._native.write_file(temporary)

        agreed = counter_of(counter)
        if agreed is not None:
            self._counted.begin(agreed)
            # Before there is a journal: no kill leaves one that does not ask for its counter.
            self._counted.attach()
        with staged(path, fill, private=True), failures():
            self._native.start_journal(os.fspath(path))

    @cached_property
    def commitment(self) -> Commitment:
        """The public part."""
        with failures():
            native = _native.Commitment.from_file(self._native.commitment_file())
        # Public values were committed here, or loading its file did that again.
        return Commitment(native, known=not native.private)

    @property
    def role(self) -> str:
        """What it is: "model", "data", .."""
        return self._native.slab

    @property
    def remaining(self) -> int | None:
        """Proofs left; None for a public commitment, which hides nothing; 0 for a master."""
        with failures():
            return self._native.remaining

    @property
    def children(self) -> int:
        """Children that can still be made; 0 if this is no master."""
        with failures():
            return self._native.children

    @property
    def locked(self) -> bool:
        """Whether the system keeps the seed and the values out of the swap.

        It has little room for such memory by default: `ulimit -l`, RLIMIT_MEMLOCK.
        """
        return self._native.locked

    @property
    def remaining_refusals(self) -> int | None:
        """Refusals for hidden values that are left; then nothing is proven any more. None for a public commitment.

        A proof that is refused because a value inside the network leaves its range tells one bit of what is hidden, to
        whoever sees that it was refused. Inputs outside their declared range are not counted: that is public.
        """
        with failures():
            return self._native.remaining_refusals

    @property
    def renewed(self) -> bool:
        """Whether it was renewed: then it makes nothing any more."""
        with failures():
            return self._native.renewed

    @cached_property
    def renewal(self) -> Commitment | None:
        """The public proof that it holds what the commitment before it held (`Commitment.accept`, `verify_renewal`)."""
        data = self._native.renewal_file()
        return Commitment(_native.Commitment.from_file(data)) if data else None

    def renew(self) -> Secret:
        """A fresh commitment to the same values with the same allowance, and the proof of that: its `renewal`.

        It opens this commitment once more, for which one opening is kept in reserve: `prove` never takes it. So it may be
        renewed whatever its count says: when it is spent, after too many refusals, and when its journal was, or may have
        been, restored from a backup. From then on this one makes nothing (slug renewed): counted first, also when the rest
        fails. What comes out follows from this secret alone, so that renewing a copy again shows nothing new; but then two
        secrets are one, with two counts: use one of them, and delete the other. A backup from before a renewal is a copy: an
        identity that was published before has been used, so renew on, until one was not, and prove with that.
        Raises InputError (public values), AllowanceExceeded (renewed; reserve: a child, whose master renews it).
        """
        with self._counted.renewing(), slow("renewing"), failures(self.role):
            new = Secret(self._native.renew())
        return new

    def rotate(
        self,
        proofs: int | None = None,
        *,
        refusals: int | None = None,
        program: Program | None = None,
        others: Sequence[Program] = (),
    ) -> Secret:
        """A child of this master: a fresh commitment to the same values, with an allowance of `proofs` proofs.

        Its commitment holds the proof of that, so whoever trusts the master's identity accepts the child. By
        default it is made for as many proofs as the program's geometry has room for, and for as many `refusals`. Uses up
        one child of the master's allowance, on disk first if the master is saved, also when making it fails.
        `program`: what the child makes proofs for, where that has another geometry than the master, such as a small model's
        answers after a large training; `others`: further programs of that geometry which will open it.
        Raises InputError (not a master, too many proofs; slugs header, geometry: a program that cannot open it),
        AllowanceExceeded (no child left).
        """
        check_number("proofs", proofs)
        check_number("refusals", refusals)
        for each in (program, *others):
            if each is not None and not isinstance(each, Program):
                raise InputError(f"expected Program, got {type(each).__name__}", slug="type", place="program")
        if others and program is None:
            raise InputError("expected the program that comes first of these", slug="missing", place="program")
        natives = None if program is None else program._native, [other._native for other in others]
        with self._counted.counting(), slow("making a child"), failures(self.role):
            return Secret(self._native.rotate(proofs, refusals, *natives))

    def __reduce__(self) -> tuple[Any, ...]:
        raise NoCopy(
            "a secret counts its proofs, and a copy would count them anew",
            slug="copy",
            place=self.role,
            remedy="save it to a file and load it where it is used: one process at a time",
        )

    def __repr__(self) -> str:
        left = f"children={self.children}" if self.children else f"remaining={self.remaining}"
        return f"<tacit.Secret {self.role!r} {left}>"


def check_number(name: str, number: int | None) -> None:
    """A number of proofs or refusals that a journal can hold, or none. Raises InputError (slugs type, `name`)."""
    if number is None:
        return
    if not isinstance(number, Integral):
        raise InputError(f"expected a whole number, got {type(number).__name__}", slug="type", place=name)
    if not 1 <= number < 1 << 32:
        raise InputError(f"expected 1 to {2**32 - 1}, got {number}", slug=name, place=name)


def _check_path(path: Any) -> None:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(
            f"expected a path, got {type(path).__name__}: a secret's journal stands beside its file",
            slug="type",
            place="secret",
            remedy="give the name of a file",
        )
