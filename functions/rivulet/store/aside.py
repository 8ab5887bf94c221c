"""Scripts that are sent now and answered later: Redis works while whoever sent them does something else."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import redis

from rivulet.store.connection import Script, Store


class Aside:
    """A connection for a while, on which several scripts may be under way; Redis runs them in turn.

    A script that finds the connection broken, or that Redis does not know yet, is run when its answer is asked for, as
    any other: each may be run twice without doing its work twice. A cluster's client has no such connection: there all
    are run so.

    It is for one thread. An answer that nobody asked for before it is left is not waited for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool: Any = None
        self._connection: Any = None
        self._under_way: deque[Begun] = deque()

    def __enter__(self) -> Self:
        self._pool = getattr(self._store.client, "connection_pool", None)
        if self._pool is not None:
            self._connection = self._store.call(self._pool.get_connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            if self._under_way:
                self._give_up()
            self._pool.release(self._connection)

    def send(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Begun:
        """Have a script run.

        Raises
        ------
        OutOfReach
            If Redis does not take it in time.
        """
        begun = Begun(self, script, keys, args)
        if self._pool is not None and self._connection.is_connected:
            command = ("EVALSHA", script.digest, len(keys), *keys, *args)
            try:
                self._store.call(self._unless_broken, self._connection.send_command, *command)
                self._under_way.append(begun)
            except _Broken:
                self._give_up()
        return begun

    def read_until(self, begun: Begun) -> None:
        """Read answers, up to one; it stays open where the connection broke, or Redis does not know the script."""
        while begun in self._under_way:
            first = self._under_way.popleft()
            try:
                first.reply = [self._store.call(self._unless_broken, self._connection.read_response)]
            except redis.exceptions.NoScriptError:
                continue
            except _Broken:
                self._give_up()

    def _give_up(self) -> None:
        """Have no answer of what is under way taken for the next one's."""
        self._under_way.clear()
        self._connection.disconnect()

    @staticmethod
    def _unless_broken(command: Any, *args: Any) -> Any:
        try:
            return command(*args)
        except redis.ConnectionError as error:
            raise _Broken from error


class _Broken(Exception):
    """The connection ended: what was under way is run again."""


class Begun:
    """A script that was sent, or is to be run yet."""

    def __init__(self, aside: Aside, script: Script, keys: Sequence[str], args: Sequence[Any]) -> None:
        self.reply: list[Any] = []
        self._aside = aside
        self._run = script, keys, args

    def answer(self) -> Any:
        """Wait for the answer.

        Raises
        ------
        OutOfReach
            If Redis does not answer in time.
        """
        self._aside.read_until(self)
        if not self.reply:
            script, keys, args = self._run
            self.reply = [script(keys, args)]
        return self.reply[0]
