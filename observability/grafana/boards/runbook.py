"""What to do when an alert fires."""

from __future__ import annotations

from pathlib import Path

from panels import Json, dashboard, panel


def board() -> Json:
    """Return the dashboard."""
    text = (Path(__file__).parents[2] / "RUNBOOK.md").read_text("utf-8")
    shown = panel("text", "", [], options={"content": text})
    return dashboard("rivulet-runbook", "Rivulet / Runbook", "What to do when an alert fires.", [], [shown])
