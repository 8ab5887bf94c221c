"""Sending events to the Broker, for the one function that does more than answer them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rivulet import events
from rivulet.errors import OutOfReach, Problem
from rivulet.events import Event

if TYPE_CHECKING:  # imported with the first event that is sent: those that come do not wait for it
    import requests

_TIMEOUT = 10.0


class Broker:
    """The Broker's door.

    Parameters
    ----------
    url
        Its address; empty where there is none.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @functools.cached_property
    def _session(self) -> requests.Session:
        import requests

        return requests.Session()

    def send(self, event: Event) -> None:
        """Send an event.

        Raises
        ------
        Problem
            If there is no Broker, or it does not take the event.
        """
        if not self._url:
            raise Problem("setting BROKER_URL is not set, so there is no Broker to send to", status=501)
        import requests

        headers, body = events.to_http(event)
        try:
            response = self._session.post(self._url, data=body, headers=headers, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise OutOfReach(f"the Broker is out of reach: {type(error).__name__}", retry_after=1) from error
        if not response.ok:
            raise OutOfReach(f"the Broker answered {response.status_code}: {response.text[:200]}", retry_after=1)
