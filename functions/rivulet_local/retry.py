"""When a delivery is tried again, and after how long: Knative's rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

# Without an upper bound the tenth exponential retry would wait for minutes, and a Retry-After for ever.
LONGEST_DELAY = 30.0
_RETRIED = frozenset({404, 408, 409, 429})
_RETRY_AFTER = frozenset({429, 503})


class Verdict(Enum):
    """What becomes of a delivery after an attempt."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True)
class Backoff:
    """How often a delivery is tried again and how the delay between attempts grows.

    Attributes
    ----------
    retries
        Attempts after the first one.
    policy
        ``exponential`` or ``linear``.
    delay
        Seconds before the first retry.
    """

    retries: int = 10
    policy: str = "exponential"
    delay: float = 0.2

    def after(self, attempts: int, retry_after: float = 0.0) -> float:
        """Return the seconds to wait after so many attempts; a larger Retry-After wins."""
        growth = 2.0 ** min(attempts - 1, 60) if self.policy == "exponential" else float(attempts)
        return min(max(self.delay * growth, retry_after), LONGEST_DELAY)


def judge(status: int) -> Verdict:
    """Say what an answer's status means for the delivery."""
    if 200 <= status < 300:
        return Verdict.DONE
    if status >= 500 or status in _RETRIED:
        return Verdict.RETRY
    return Verdict.DEAD


def retry_after(status: int, headers: Mapping[str, str]) -> float:
    """Return the seconds that an answer's ``Retry-After`` asks for, 0 without one; names are in lower case.

    It counts only with 429 and 503, as in Knative; it is a number of seconds or an HTTP date.
    """
    text = headers.get("retry-after", "").strip()
    if status not in _RETRY_AFTER or not text:
        return 0.0
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    seconds = (aware - datetime.now(UTC)).total_seconds()
    return max(0.0, math.ceil(seconds))
