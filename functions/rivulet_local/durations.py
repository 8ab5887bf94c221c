"""Durations as manifests and settings write them, in seconds."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = r"\d+(?:\.\d+)?(?:ms|s|m|h)"
_GO = re.compile(rf"(?:{_GO_PART})+")
_ISO = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


def parse_go_duration(text: str) -> float:
    """Read a duration in Go's notation, such as ``10s`` or ``1m30s``.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not _GO.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 10s, 1m or 1m30s")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def parse_iso_duration(text: str) -> float:
    """Read a duration in ISO 8601's notation, such as ``PT0.2S`` or ``PT1M``.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ISO 8601 duration such as PT0.2S or PT1M")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
