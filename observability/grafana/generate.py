"""Writes the dashboards; with ``--check`` says whether those that are there are what this writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from boards import forecasts, functions, pipeline, runbook, state

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = [each.board() for each in (forecasts, pipeline, functions, state, runbook)]


def main() -> int:
    """Write or compare, and return the exit code."""
    files = {FOLDER / f"{each['uid']}.json": json.dumps(each, indent=1) + "\n" for each in DASHBOARDS}
    if "--check" not in sys.argv:
        for path, text in files.items():
            path.write_text(text, "utf-8")
        return 0
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    stale += [path.name for path in FOLDER.glob("*.json") if path not in files]
    if stale:
        print(f"Not what observability/grafana/generate.py writes: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
