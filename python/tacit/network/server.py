"""The server of a task: it announces rounds, keeps what comes, checks it, and aggregates. Nobody has to believe it.

    register     nodes, each once
    open         base, beacons, deadline: signed
    reveal       where the nodes make the beacon, what no reply could carry
    begin        the beacon's value, when it is there; now nodes can train
    receive      replies and proofs, until the deadline; a receipt for each
    close        the set is fixed: signed
    finish       everything that came is checked, what was verified is aggregated, and the link is written

Every call may be made again, also after the process was killed in the middle: what was done stays as it is, the rest is done.
Whatever the bytes of others can cause ends in a refusal that is recorded, and the round goes on.
"""

from __future__ import annotations

from tacit.network.core import Outcome, Times
from tacit.network.inbox import Inbox
from tacit.network.registry import Registry
from tacit.network.rounds import Rounds


class Server(Registry, Inbox, Rounds):
    """All of it; see `tacit.network.core.Core` for how one is made."""


__all__ = ["Outcome", "Server", "Times"]
