"""One attempt at a delivery, and what it came to."""

from __future__ import annotations

import re
from typing import NamedTuple

from rivulet_local.activator import Activator
from rivulet_local.calls import post
from rivulet_local.cloudevent import Event, NotACloudEvent, is_event, parse
from rivulet_local.errors import Unanswered
from rivulet_local.retry import Verdict, judge, retry_after

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_EXCERPT = 1024
_NO_EVENT = 502


class Outcome(NamedTuple):
    """What became of an attempt.

    Attributes
    ----------
    sentence
        For the log: what the subscriber answered, or why it did not.
    status
        The answer's status; 502 for a reply that is no CloudEvent, as in Knative.
    excerpt
        The beginning of the answer's text, for a dead letter.
    retry_after
        Seconds that the subscriber asks for.
    """

    verdict: Verdict
    status: int
    sentence: str = ""
    excerpt: str = ""
    reply: Event | None = None
    retry_after: float = 0.0


async def attempt(function: Activator, path: str, event: Event, timeout: float) -> Outcome:
    """Deliver an event to a function, once; to be run straight.

    Parameters
    ----------
    path
        The path of the function; the root without one.
    timeout
        Seconds that the answer may take.
    """
    try:
        status, headers, body = await post(function, path or "/", event.message(), timeout)
    except Unanswered as error:
        return Outcome(Verdict.RETRY, error.status, error.sentence, _excerpt(error.sentence))
    verdict = judge(status)
    if verdict is not Verdict.DONE:
        text = _excerpt(body.decode("utf-8", "replace"))
        sentence = f"{function.spec.name} answered {status}: {text[:200]}"
        return Outcome(verdict, status, sentence, text, retry_after=retry_after(status, headers))
    if not body and not is_event(headers):
        return Outcome(Verdict.DONE, status)
    try:
        return Outcome(Verdict.DONE, status, reply=parse(headers, body))
    except NotACloudEvent as error:
        sentence = f"{function.spec.name} answered {status} with what is no CloudEvent: {error}"
        return Outcome(Verdict.RETRY, _NO_EVENT, sentence, _excerpt(body.decode("utf-8", "replace")))


def _excerpt(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_EXCERPT]
