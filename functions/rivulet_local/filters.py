"""The filters of a Trigger, as predicates over an event's attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rivulet_local.errors import ManifestError

Filter = Callable[[Mapping[str, str]], bool]

_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
}


def trigger_filter(spec: Mapping[str, Any], where: str) -> Filter:
    """Build the filter of a Trigger from its ``spec``.

    ``filters`` override ``filter.attributes``; without both, every event passes.

    Raises
    ------
    ManifestError
        If a dialect is not known.
    """
    if "filters" in spec:
        return _all([_dialect(each, where) for each in spec["filters"]])
    attributes = spec.get("filter", {}).get("attributes", {})
    # An empty value means: any value.
    return _all([_compare("exact", name, value) for name, value in attributes.items() if value])


def _dialect(entry: Mapping[str, Any], where: str) -> Filter:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ManifestError(f"{where}: each of the filters has to be a mapping with one dialect.")
    ((name, value),) = entry.items()
    if name in _COMPARISONS:
        return _all([_compare(name, attribute, wanted) for attribute, wanted in value.items()])
    if name == "all":
        return _all([_dialect(each, where) for each in value])
    if name == "any":
        alternatives = [_dialect(each, where) for each in value]
        return lambda attributes: any(passes(attributes) for passes in alternatives)
    if name == "not":
        inner = _dialect(value, where)
        return lambda attributes: not inner(attributes)
    raise ManifestError(f"{where}: the embedded mode does not know the filter dialect {name!r}.")


def _compare(dialect: str, attribute: str, wanted: str) -> Filter:
    comparison = _COMPARISONS[dialect]
    return lambda attributes: attribute in attributes and comparison(attributes[attribute], wanted)


def _all(filters: list[Filter]) -> Filter:
    if len(filters) == 1:  # as most are; every event is held against every Trigger
        return filters[0]
    return lambda attributes: all(passes(attributes) for passes in filters)
