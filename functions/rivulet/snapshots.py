"""Snapshots: a cache of the fold, signed, and thrown away whenever it is not surely ours.

A pickle runs code when it is loaded. So the signature is checked first, over every byte, and a snapshot which was
made by another Python, River or definition is never unpickled: the journal rebuilds the state.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version

from rivulet import lean_pickle
from rivulet.fold import State
from rivulet.models import Definition

_FORMAT = 5
_SEAL = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Checkpoint:
    """A state and the lesson that it was folded up to."""

    state: State
    token: str


class Snapshots:
    """Seals states, and opens what it sealed.

    Parameters
    ----------
    definition
        The model's recipe.
    key
        The secret that signs; empty means that nothing is sealed and nothing opened.
    """

    def __init__(self, definition: Definition, key: str) -> None:
        self._key = key.encode()
        self._made_by = {
            "format": _FORMAT,
            "model": definition.name,
            "revision": definition.revision,
            "python": sys.version.split()[0],
            "river": version("river"),
            "numpy": version("numpy"),
        }

    @property
    def enabled(self) -> bool:
        """Whether there is a key."""
        return bool(self._key)

    def seal(self, series_id: str, checkpoint: Checkpoint) -> bytes:
        """Return the signed envelope: seal, header line, pickled state."""
        header = {**self._made_by, "series_id": series_id, "season": checkpoint.state.season}
        header |= {"token": checkpoint.token, "n": checkpoint.state.n}
        header["at_ms"] = time.time_ns() // 1_000_000  # for who asks how old it is; the state knows no clock
        body = json.dumps(header).encode() + b"\n" + lean_pickle.dumps(checkpoint.state)
        return self._sign(body) + body

    def open(self, series_id: str, envelope: bytes | None, season: int | None = None) -> Checkpoint | None:
        """Return the state, or ``None`` where the envelope is not surely one of ours for this series and season."""
        if not envelope or not self.enabled:
            return None
        seal, body = envelope[:_SEAL], envelope[_SEAL:]
        if not hmac.compare_digest(seal, self._sign(body)):
            return None
        line, _, pickled = body.partition(b"\n")
        header = json.loads(line)
        expected = {**self._made_by, "series_id": series_id, "season": season}
        if any(header.get(name) != value for name, value in expected.items()):
            return None
        return Checkpoint(pickle.loads(pickled), header["token"])

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")
