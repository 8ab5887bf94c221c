"""What can go wrong in the embedded mode, as sentences for the person in front of it."""

from __future__ import annotations


class PlatformError(Exception):
    """The platform cannot start; the sentence says why and what to change."""


class ManifestError(PlatformError):
    """A manifest says something that the embedded mode does not understand."""


class Unstartable(Exception):
    """A function did not become ready; those who wait for it are answered 503."""


class Unanswered(Exception):
    """A function gave no answer.

    Parameters
    ----------
    status
        What the caller is told: 502, 503 or 504.
    sentence
        Why there is no answer.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class QueueUnavailable(Exception):
    """The queue's Redis did not take an event in time."""
