"""Reading a request's fields: strictly, with an error that names the field."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import msgspec

from rivulet.errors import Invalid, Malformed

SERIES_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@~+-]{0,127}")
LARGEST = 1e15  # its square still leaves a model 270 orders of magnitude before it overflows
MOST_LAGS = 1000
MOST_TEXT = 256
MOST_DEPTH = 16
MOST_SEQ = 10**12


def parse_json(body: bytes, what: str = "the body") -> Any:
    """Parse JSON as RFC 8259 has it: UTF-8, no NaN, no Infinity, no nesting beyond reason.

    Raises
    ------
    Malformed
        If `body` is not such JSON.
    """
    try:
        value = _read(body)
    except UnicodeDecodeError:
        raise Malformed(f"{what} is not UTF-8") from None
    except RecursionError:
        raise Malformed(f"{what} is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"{what} is not JSON: {error}") from None
    # With no more brackets than that there is nothing to look for.
    if body.count(b"{") + body.count(b"[") > MOST_DEPTH and _deeper_than(value, MOST_DEPTH):
        raise Malformed(f"{what} is nested more than {MOST_DEPTH} deep")
    return value


def _read(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # It says less about what is wrong, and takes no half of a character.
        return _decoder.decode(body.decode("utf-8"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_decode = msgspec.json.Decoder().decode  # five times as fast, to the same values
_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


class Fields:
    """The fields of one JSON object.

    Parameters
    ----------
    value
        The parsed body.
    known
        The names that it may have; any other is refused.
    what
        What the object is called in an error.

    Raises
    ------
    Invalid
        If `value` is no object, or has a field that is not in `known`.
    """

    def __init__(self, value: Any, known: Collection[str], what: str = "the body") -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{what} must be a JSON object")
        for name in value:
            if name not in known:
                raise Invalid(f"field {_quote(name)} of {what} is not known{_meant(name, known)}")
        self._value: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def required(self, name: str) -> Any:
        """Return a field that has to be there."""
        if name not in self._value:
            raise Invalid(f"field {name!r} is missing")
        return self._value[name]

    def number(self, name: str) -> float:
        """Return a required finite number."""
        return number(self.required(name), name)

    def series_id(self, default: str | None = None) -> str:
        """Return the series' id; required unless there is a default."""
        value = self.required("series_id") if default is None else self._value.get("series_id", default)
        return series_id(value)

    def integer(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number within bounds; required unless there is a default."""
        value = self.required(name) if default is None else self._value.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Invalid(f"field {name!r} must be a whole number from {least} to {most}")
        return value

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return an optional short text."""
        value = self._value.get(name, default)
        return None if value is None else short_text(value, name)

    def features(self) -> list[float]:
        """Return the lags ``in_1 .. in_N``, newest first, whatever order the object has them in."""
        return features(self.required("features"))


def number(value: Any, name: str) -> float:
    """Return `value` as a float, or refuse it in the name of its field."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"field {name!r} must be a number")
    if not -LARGEST <= value <= LARGEST:  # false for NaN, too
        finite = isinstance(value, int) or math.isfinite(value)
        raise Invalid(
            f"field {name!r} must lie between -{LARGEST:g} and {LARGEST:g}"
            if finite
            else f"field {name!r} must be a finite number"
        )
    return float(value)


def series_id(value: Any, name: str = "series_id") -> str:
    """Return `value` if it can name a series."""
    if not isinstance(value, str) or not SERIES_ID.fullmatch(value):
        raise Invalid(
            f"field {name!r} must be 1 to 128 letters, digits or . _ : @ ~ + - and start with a letter or digit"
        )
    return value


def short_text(value: Any, name: str) -> str:
    """Return `value` if it is a text that can be kept: short, printable, valid Unicode."""
    if not isinstance(value, str) or not value or len(value) > MOST_TEXT:
        raise Invalid(f"field {name!r} must be a text of 1 to {MOST_TEXT} characters")
    if not value.isprintable():  # surrogates are not printable either
        raise Invalid(f"field {name!r} has characters that cannot be printed")
    return value


def features(value: Any) -> list[float]:
    """Return ``{"in_1": .., "in_N": ..}`` as a list, newest first."""
    if not isinstance(value, Mapping) or not value:
        raise Invalid("field 'features' must be an object with the fields in_1 to in_N")
    if len(value) > MOST_LAGS:
        raise Invalid(f"field 'features' has more than {MOST_LAGS} lags")
    lags = []
    for k in range(1, len(value) + 1):
        name = f"in_{k}"
        if name not in value:
            stranger = next(n for n in value if n not in {f"in_{i}" for i in range(1, len(value) + 1)})
            raise Invalid(f"field 'features.{name}' is missing, and {_quote(stranger)} is not one of in_1 to in_N")
        lags.append(number(value[name], f"features.{name}"))
    return lags


def _quote(name: str) -> str:
    return ascii(name if len(name) <= 40 else name[:40] + "...")


def _meant(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}" if known else ""
