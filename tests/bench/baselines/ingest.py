"""The service *in-memory* that hands out the data set, one row a call."""

import csv
from pathlib import Path
from typing import Any

from fastapi import FastAPI

app = FastAPI()
_DATASET = Path(__file__).parents[3] / "functions" / "ingest" / "data" / "airline.csv"
with _DATASET.open(newline="") as _file:
    _rows = list(csv.DictReader(_file))
_place = iter(enumerate(_rows, 1))


@app.get("/next")
async def next_row() -> dict[str, Any]:
    """Return the next row."""
    number, row = next(_place)
    remaining = len(_rows) - number
    return {"observation_id": number, "input": row["input"], "target": float(row["target"]), "remaining": remaining}
