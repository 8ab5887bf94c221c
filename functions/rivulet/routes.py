"""What a handler offers: addresses for people, and a way in for events. No web framework is needed to say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rivulet import events
from rivulet.errors import Invalid, WrongType
from rivulet.events import Event
from rivulet.fields import parse_json

HEALTH = "/health"  # asked many times a second while a pod starts


@dataclass(frozen=True)
class Call:
    """A request, as handlers see it.

    Attributes
    ----------
    headers
        By their names in lower case.
    path
        The variables of the route.
    query
        The query's parameters.
    """

    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the parsed body.

        Raises
        ------
        WrongType
            If the content type is not JSON.
        Malformed
            If the body is not JSON.
        """
        content_type = self.headers.get("content-type", "")
        if not events.is_json(content_type):
            raise WrongType(f"header 'Content-Type' must be application/json, not {content_type or 'missing'!r}")
        return parse_json(self.body)

    def argument(self, name: str, default: str | None = None) -> str:
        """Return a query parameter; required unless there is a default."""
        value = self.query.get(name, default)
        if value is None:
            raise Invalid(f"query parameter {name!r} is missing")
        return value

    def count(self, name: str, least: int, most: int, default: int) -> int:
        """Return a query parameter that is a whole number."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 15 or not least <= int(text) <= most:
            raise Invalid(f"query parameter {name!r} must be a whole number from {least} to {most}")
        return int(text)


@dataclass(frozen=True)
class Text:
    """An answer that is no JSON."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Route:
    """One address of a function.

    Attributes
    ----------
    answer
        Returns what is sent as JSON; ``None`` is an empty 204, a pair is status and JSON.
    query
        The names of the query parameters that it takes.
    """

    method: str
    rule: str
    answer: Callable[[Call], Any]
    query: tuple[str, ...] = ()


class Handler(Protocol):
    """A function's work.

    It may have more: `close`, called when the process is told to stop; `wakes`, see `only_wakes`; and what
    `rivulet.express.Express` looks for.
    """

    @property
    def routes(self) -> Sequence[Route]:
        """The addresses for people."""

    def receive(self, event: Event) -> Event | None:
        """Answer an event with the next event, or with none."""


def only_wakes(handler: Handler, event: Event) -> bool:
    """Whether an event is there for a handler to be ready when its turn comes, and asks for nothing else.

    Ticks are, and whatever types a handler has as `wakes` instead; but no dead letter is, whatever its type.
    """
    return event.type in getattr(handler, "wakes", (events.TICK,)) and not event.is_dead_letter
