"""Bodies that are as they should be, read and checked in one go; of any other nothing is said here but that."""

from __future__ import annotations

from typing import Any

import msgspec

from rivulet.errors import Detour
from rivulet.fields import LARGEST, MOST_LAGS, MOST_SEQ, MOST_TEXT, SERIES_ID
from rivulet.lags import lag_names


class LessonBody(msgspec.Struct, forbid_unknown_fields=True):
    """What ``predict_learn`` takes."""

    features: dict[str, float]
    target: float
    series_id: str = "default"
    seq: int | None = None


class FeaturesData(msgspec.Struct, forbid_unknown_fields=True):
    """What a features event carries."""

    series_id: str
    seq: int
    features: dict[str, float]
    target: float
    available_lags: Any = None


class PredictionData(msgspec.Struct, forbid_unknown_fields=True):
    """What a prediction event carries."""

    series_id: str
    seq: int
    model: str
    prediction: float
    target: float
    n: int = 1
    error: Any = None
    forecast: Any = None
    duration_ms: Any = None


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_lesson = msgspec.json.Decoder(LessonBody).decode


def read_lesson(body: bytes) -> tuple[str, int | None, list[float], float]:
    """Return series, observation's number, lags and target of a call.

    Raises
    ------
    Detour
        If anything about it is not as it should be.
    """
    try:
        return _checked(_decode_lesson(body))
    except _UNREADABLE:
        raise Detour from None


def lesson_of(data: Any) -> tuple[str, int | None, list[float], float]:
    """Return the same of a features event's data, which was parsed already.

    Raises
    ------
    Detour
        If anything about it is not as it should be.
    """
    try:
        return _checked(msgspec.convert(data, FeaturesData))
    except msgspec.ValidationError:
        raise Detour from None


def prediction_of(data: Any) -> tuple[str, int, str, int]:
    """Return series, observation's number, model and lesson's number of a prediction event's data.

    Raises
    ------
    Detour
        If anything about it is not as it should be.
    """
    try:
        body = msgspec.convert(data, PredictionData)
    except msgspec.ValidationError:
        raise Detour from None
    if not (
        SERIES_ID.fullmatch(body.series_id)
        and 1 <= body.seq <= MOST_SEQ
        and 0 < len(body.model) <= MOST_TEXT
        and body.model.isprintable()
        and -LARGEST <= body.prediction <= LARGEST
        and -LARGEST <= body.target <= LARGEST
        and 1 <= body.n <= MOST_SEQ
    ):
        raise Detour
    return body.series_id, body.seq, body.model, body.n


def _checked(body: LessonBody | FeaturesData) -> tuple[str, int | None, list[float], float]:
    count = len(body.features)
    names = lag_names(count)
    try:
        in_order = tuple(body.features) == names
        lags = list(body.features.values()) if in_order else [body.features[name] for name in names]
    except KeyError:
        raise Detour from None
    numbers = (*lags, body.target)
    if not (
        0 < count <= MOST_LAGS
        and SERIES_ID.fullmatch(body.series_id)
        and (body.seq is None or 1 <= body.seq <= MOST_SEQ)
        and min(numbers) >= -LARGEST
        and max(numbers) <= LARGEST
    ):
        raise Detour
    return body.series_id, body.seq, lags, body.target
