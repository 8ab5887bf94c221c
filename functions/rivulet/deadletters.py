"""Dead letters: events that no retry could deliver, kept until somebody sends them again."""

from __future__ import annotations

import re
from typing import Any

from rivulet.broker import Broker
from rivulet.errors import Invalid
from rivulet.events import Event
from rivulet.store.notes import Notes

_PAGE = 500
_ERROR = ("knativeerrordest", "knativeerrorcode", "knativeerrordata")
_ENTRY = re.compile(r"-|[0-9]{1,15}-[0-9]{1,10}")


class DeadLetters:
    """The ledger's dead letters.

    Parameters
    ----------
    broker
        Where they are sent again.
    """

    def __init__(self, notes: Notes, broker: Broker) -> None:
        self._notes = notes
        self._broker = broker

    def bury(self, event: Event) -> bool:
        """Keep an event with the reason that the Broker gives; once for each subscriber."""
        extensions = dict(event.extensions)
        reason = {name.removeprefix("knativeerror"): extensions.pop(name, None) for name in _ERROR}
        letter = {"event": {"id": event.id, "source": event.source, "type": event.type, **extensions}}
        return self._notes.bury(_identity(letter, reason), {**letter, "data": event.data, "reason": reason})

    def page(self, series_id: str | None, after: str) -> dict[str, Any]:
        """Return one page of dead letters, of one series or of all."""
        if not _ENTRY.fullmatch(after):
            raise Invalid("query parameter 'after' must be what 'next' said")
        entries = self._notes.dead_letters(after, _PAGE)
        letters = [{"entry": entry, **letter} for entry, letter in entries if _concerns(letter, series_id)]
        return {"dead_letters": letters, "next": entries[-1][0] if len(entries) == _PAGE else None}

    def of_series(self, series_id: str) -> list[dict[str, Any]]:
        """Return every dead letter of a series."""
        letters: list[dict[str, Any]] = []
        after: str | None = "-"
        while after:
            page = self.page(series_id, after)
            letters += page["dead_letters"]
            after = page["next"]
        return letters

    def replay(self, series_id: str | None) -> dict[str, Any]:
        """Send dead letters to the Broker again, and forget those that it took.

        Raises
        ------
        Problem
            If the Broker refuses one; those before it are under way.
        """
        sent = 0
        after: str | None = "-"
        while after:
            entries = self._notes.dead_letters(after, _PAGE)
            for entry, letter in entries:
                if _concerns(letter, series_id):
                    self._send(letter)
                    self._notes.unbury(entry, _identity(letter, letter["reason"]))
                    sent += 1
            after = entries[-1][0] if len(entries) == _PAGE else None
        return {"replayed": sent}

    def _send(self, letter: dict[str, Any]) -> None:
        attributes = dict(letter["event"])
        id, source, type = (attributes.pop(name) for name in ("id", "source", "type"))
        attributes.pop("knativebrokerttl", None)
        self._broker.send(Event(id, source, type, letter["data"], attributes))


def _identity(letter: dict[str, Any], reason: dict[str, Any]) -> str:
    return "\n".join((letter["event"]["source"], letter["event"]["id"], str(reason["dest"])))


def _concerns(letter: dict[str, Any], series_id: str | None) -> bool:
    data = letter.get("data")
    named = data.get("series_id") if isinstance(data, dict) else None
    return series_id is None or series_id in (letter["event"].get("subject"), named)
