"""What a cold start reads while its modules load: what is kept of the series that the model worked on last."""

from __future__ import annotations

import threading
from contextlib import suppress

from rivulet.errors import OutOfReach
from rivulet.store.journal import Journal
from rivulet.store.kept_snapshots import Kept, KeptSnapshots


class Early:
    """Reads on a thread of its own, and opens the connection that the first request finds.

    What was read may be older than what is kept now: who takes it has to make sure that the journal goes on from it.
    """

    def __init__(self, journal: Journal, kept: KeptSnapshots) -> None:
        self._journal = journal
        self._kept = kept
        self._found: tuple[str, Kept] | None = None
        threading.Thread(target=self._read, name="early", daemon=True).start()

    def take(self, series_id: str) -> Kept | None:
        """Return what was read of a series, once; ``None`` if that was another one, or is still being read."""
        if self._found is None or self._found[0] != series_id:
            return None
        kept, self._found = self._found[1], None
        return kept

    def _read(self) -> None:
        with suppress(OutOfReach):  # the first request says so
            series_id = self._journal.newest()
            if series_id:
                self._found = (series_id, self._kept.of(series_id))
