"""What a function answers when it does not do what it was asked: a status and a sentence.

Knative retries 404, 408, 409, 429 and 5xx; every other 4xx goes to the dead-letter sink at once. The status
therefore says whether the same request may succeed later.
"""

from __future__ import annotations


class Problem(Exception):
    """A request that ends with a status other than 2xx.

    Parameters
    ----------
    sentence
        What is wrong; it names the field, where there is one.
    retry_after
        Seconds after which the same request may succeed; sent as ``Retry-After``.
    """

    status = 500

    def __init__(self, sentence: str, *, status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status or type(self).status
        self.retry_after = retry_after


class Broken(Problem):
    """What nobody foresaw. The client gets this sentence, whatever it was."""

    def __init__(self) -> None:
        super().__init__("something broke inside; the function's log has the traceback")


class Malformed(Problem):
    """The request cannot be read: no JSON, no CloudEvent."""

    status = 400


class NotThere(Problem):
    """What was asked for does not exist."""

    status = 404


class NotAllowed(Problem):
    """The path exists, but not for this method."""

    status = 405


class Conflict(Problem):
    """Not now: what the request builds on is not there yet."""

    status = 409


class TooLarge(Problem):
    """The body is longer than a function takes."""

    status = 413


class WrongType(Problem):
    """The content type is not one that the function reads."""

    status = 415


class Invalid(Problem):
    """The request can be read, but a field has a value that it cannot take."""

    status = 422


class TryAgain(Problem):
    """Come again later."""

    status = 429


class OutOfReach(Problem):
    """Redis, or an upstream, does not answer."""

    status = 503


class Detour(Exception):
    """Not what is usual: the ordinary way has to answer."""
