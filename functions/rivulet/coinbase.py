"""Live prices from Coinbase."""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING

from rivulet.errors import NotThere, OutOfReach, Problem, TryAgain
from rivulet.fields import LARGEST

if TYPE_CHECKING:  # imported with the first price: a row of the data set does not wait for it
    import requests

_SYMBOL = re.compile(r"[A-Z0-9]{1,12}")
_CURRENCY = "USD"
_TIMEOUT = 10.0


class Coinbase:
    """The spot price API, with one client for the process.

    Parameters
    ----------
    url
        Where the API is.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @functools.cached_property
    def _session(self) -> requests.Session:
        import requests

        return requests.Session()

    def spot(self, symbol: str) -> float:
        """Return the price of one unit, in US dollars.

        Raises
        ------
        NotThere
            If Coinbase knows no such pair.
        TryAgain
            If it throttles.
        OutOfReach
            If it does not answer.
        Problem
            With its own status, for any other error.
        """
        if not _SYMBOL.fullmatch(symbol):
            raise NotThere(f"{symbol[:40]!r} is no symbol of a currency, such as BTC")
        import requests

        try:
            response = self._session.get(f"{self._url}/v2/prices/{symbol}-{_CURRENCY}/spot", timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise OutOfReach(f"Coinbase is out of reach: {type(error).__name__}", retry_after=5) from error
        if response.status_code == 200:
            return _price(response, symbol)
        message = f"Coinbase answered {response.status_code} for {symbol}-{_CURRENCY}: {_message(response)}"
        if response.status_code == 404:
            raise NotThere(message)
        if response.status_code == 429:
            raise TryAgain(message, retry_after=_retry_after(response))
        raise Problem(message, status=response.status_code if response.status_code >= 400 else 502)


def _price(response: requests.Response, symbol: str) -> float:
    try:
        data = response.json()["data"]
        price, currency = float(data["amount"]), data["currency"]
    except (ValueError, KeyError, TypeError):
        raise Problem(f"Coinbase's answer for {symbol} has no amount", status=502) from None
    if currency != _CURRENCY:
        raise Problem(f"Coinbase answered in {currency!r}, not in {_CURRENCY}", status=502)
    if not math.isfinite(price) or not 0 <= price <= LARGEST:
        raise Problem(f"Coinbase's amount {data['amount']!r} is no price", status=502)
    return price


def _message(response: requests.Response) -> str:
    try:
        body = response.json()
        error = body["errors"][0]["message"] if "errors" in body else body["error"]
        return str(error)[:200]
    except (ValueError, KeyError, TypeError, IndexError):
        return response.reason or "no message"


def _retry_after(response: requests.Response) -> int:
    text = response.headers.get("Retry-After", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() else 30
