"""What a process's cold start took, told once, with its first answer."""

from __future__ import annotations

import time

from rivulet import birth, tally
from rivulet.logs import log


class ColdStart:
    """The parts of one process's start; each is noted once, and later ones are no part of it.

    Attributes
    ----------
    done
        Whether the first answer was given.
    """

    def __init__(self) -> None:
        self.done = False
        self._imported = 0.0
        self._restored: tuple[float, float] | None = None

    def imported(self) -> None:
        """Note that all is imported: so long after the process was born."""
        self._imported = birth.age()
        tally.observe("cold", "import", seconds=self._imported)

    def restored(self, seconds: float) -> None:
        """Note that a first state was restored, and how long that took."""
        if self._restored is None:
            self._restored = (time.perf_counter() - seconds, seconds)
            tally.observe("cold", "restore", seconds=seconds)

    def answered(self, seconds: float) -> None:
        """Note that a request was answered, and how long that took; the first one is told of."""
        if self.done:
            return
        self.done = True
        began, restore = self._restored or (0.0, 0.0)
        if began > time.perf_counter() - seconds:  # on the way of this answer: a tick may have done it before
            seconds -= restore
        tally.observe("cold", "answer", seconds=seconds)
        parts = {"import_ms": self._imported, "restore_ms": restore, "answer_ms": seconds}
        fields = {name: round(part * 1000, 1) for name, part in parts.items()}
        told = "cold start: import %(import_ms)s ms, restore %(restore_ms)s ms, first answer %(answer_ms)s ms"
        log.info(told % fields, extra={"fields": fields})


start = ColdStart()
