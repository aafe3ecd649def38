"""Renewals, the verifier's side: whether a new commitment holds what a trusted one held."""

from __future__ import annotations

from tacit.api.arguments import check
from tacit.api.objects import Commitment, check_target
from tacit.errors import InvalidProof


def verify_renewal(trusted: Commitment, *renewals: Commitment, security: int = 128) -> str:
    """Check that a commitment was renewed, once or several times in a row; gives the identity of the newest.

    `trusted`: the commitment that is known already. `renewals`: what the owner published for each time (`Secret.renewal`,
    NAME.renewal), the first time first. The newest commitment holds the very values that the trusted one holds, each within
    the same interval. `security`: the proven bits to insist on, 1 to 160. Raises InvalidProof (slug link, validity, ..).
    """
    check("trusted", trusted, Commitment)
    check_target(security)
    if not renewals:
        raise InvalidProof("expected at least one renewal, got none", slug="link", place=trusted.slab)
    newest = trusted
    for renewal in renewals:
        check("renewals", renewal, Commitment)
        if renewal.master != newest.identity:
            of = "no renewal" if renewal.master is None else f"one of {renewal.master[:16]}"
            raise InvalidProof(
                f"expected a renewal of {newest.identity[:16]}, got {of}",
                slug="link",
                place=renewal.slab,
                hint="give the renewals in the order in which they were made, without a gap",
            )
        renewal.accept(security)
        newest = renewal
    return newest.identity
