"""What several dashboards choose by, look for and colour alike."""

from __future__ import annotations

from panels import Json, chosen, panel, query

SERIES = chosen("series", "Series", "label_values(ml_model_predictions_total, series)")
MODEL = chosen("model", "Model", 'label_values(ml_model_predictions_total{series=~"$series"}, model)')
WHICH = '{series=~"$series", model=~"$model"}'
AGES: list[tuple[float | None, str]] = [(None, "green"), (120, "orange"), (180, "red")]
BAD_ABOVE_0: list[tuple[float | None, str]] = [(None, "green"), (1, "red")]
_UP: list[tuple[float | None, str]] = [(None, "red"), (1, "green")]

OF_SERVICE = '{service="${__field.labels.service}"} | json'
MODEL_ERRORS = '{service=~"model-.*"} | json | level=~"WARNING|ERROR"'
_UP_OR_NOT = [
    {
        "type": "value",
        "options": {
            "0": {"text": "away", "color": "red", "index": 0},
            "1": {"text": "up", "color": "green", "index": 1},
        },
    }
]


def up(title: str, expr: str) -> Json:
    """Return whether something is up, in a word."""
    shown = panel("stat", title, [query(expr, "state")], steps=_UP, options={"graphMode": "none"})
    shown["fieldConfig"]["defaults"]["mappings"] = _UP_OR_NOT
    return shown
