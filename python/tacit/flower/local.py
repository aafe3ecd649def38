"""A Grid in this process: the app is called as a SuperNode would call it, without servers and without ray."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy

from flwr.app import Context, Error, Message, RecordDict, UserConfig
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity


class LocalGrid(Grid):
    """Nodes 1, 2, .. of one ClientApp, one message at a time; each keeps its context.

    `nodes`: the node configuration of each. `run_config`: what all of them get, as with a real run.
    """

    def __init__(
        self,
        app: ClientApp,
        nodes: Sequence[Mapping[str, bool | float | int | str]],
        run_config: UserConfig | None = None,
    ) -> None:
        # Messages are made in the name of a task, which a runtime sets; here there is none.
        TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 1, 1
        self._app, self._replies, self._sent = app, dict[str, Message](), 0
        self._contexts = {
            at: Context(1, at, dict(config), RecordDict(), dict(run_config or {})) for at, config in enumerate(nodes, 1)
        }

    def set_run(self, run: Run) -> None:
        """There is one run."""

    @property
    def run(self) -> Run:
        """An empty one."""
        return Run.create_empty(1)

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """As Message()."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """All nodes."""
        return list(self._contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Call the app with every message; an exception becomes the error that a SuperNode would send."""
        names = []
        for message in messages:
            self._sent += 1
            name = f"local-{self._sent}"
            # Nodes share no memory elsewhere, so they do not here.
            sent = deepcopy(message)
            sent.metadata.__dict__["_message_id"] = name
            reply = self.answered(sent)
            if reply is not None:
                self._replies[name] = reply
            names.append(name)
        return names

    def answered(self, message: Message) -> Message | None:
        """A node's reply to a message; None for one that never answers."""
        try:
            return self._app(message, self._contexts[message.metadata.dst_node_id])
        except Exception as error:
            return Message(Error(code=0, reason=f"{type(error).__name__}: {error}"), reply_to=message)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies that there are, each once."""
        return [self._replies.pop(name) for name in message_ids if name in self._replies]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """Both; nothing is waited for."""
        return self.pull_messages(self.push_messages(messages))
