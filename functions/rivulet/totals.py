"""What lessons add up to."""

from __future__ import annotations

from typing import Any

import msgspec


class Totals(msgspec.Struct, frozen=True):
    """What lessons add up to, whatever the model: enough to go on where the lessons themselves are gone.

    Attributes
    ----------
    n
        How many lessons there were.
    token
        Of the last of them.
    seq, fallbacks
        As in `rivulet.fold.State`.
    accuracy
        As `Accuracy.to_json` returns it; empty where it is not known.
    newest
        The newest targets, which say what is plausible.
    next_lags
        As in `rivulet.fold.State`.
    """

    n: int = 0
    token: str = ""
    seq: int = 0
    fallbacks: int = 0
    accuracy: dict[str, Any] = msgspec.field(default_factory=dict)
    newest: list[float] = msgspec.field(default_factory=list)
    next_lags: list[float] = msgspec.field(default_factory=list)
