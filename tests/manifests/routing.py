"""The routing table, held to what the functions do: no loop, no subscriber that is not there, no unknown type."""

from __future__ import annotations

from collections.abc import Iterable

from rivulet.events import FEATURES, OBSERVATION, PREDICTION, TICK, TYPES
from tests.manifests.rendering import Object

# What each function answers an event with, by its source; a tick is answered by ingest alone.
ANSWERS = {
    "ingest/main.py": OBSERVATION,
    "features/main.py": FEATURES,
    "model/main.py": PREDICTION,
    "ledger/main.py": None,
}


def problems(services: Iterable[Object], routing: Iterable[Object]) -> list[str]:
    """Return what is wrong with the Triggers."""
    answers = {each["metadata"]["name"]: ANSWERS[_source(each)] for each in services if _is_function(each)}
    triggers = [each for each in routing if each["kind"] == "Trigger"]
    brokers = {each["metadata"]["name"] for each in routing if each["kind"] == "Broker"}
    found, arrows = [], set[tuple[str, str]]()
    for trigger in triggers:
        name, spec = trigger["metadata"]["name"], trigger["spec"]
        subscriber = spec["subscriber"].get("ref", {}).get("name")
        types = _types(spec)
        if spec["broker"] not in brokers:
            found.append(f"Trigger {name}: there is no Broker {spec['broker']!r}")
        if subscriber not in answers:
            found.append(f"Trigger {name}: there is no function {subscriber!r}")
        if types is None:
            found.append(f"Trigger {name}: its filters have to be one exact type, or any of some")
        found += [f"Trigger {name}: no function knows {type!r}" for type in types or () if type not in TYPES]
        found += [
            f"Trigger {name}: its delivery says no {part}" for part in ("retry", "timeout") if not _says(spec, part)
        ]
        answer = answers.get(subscriber)
        arrows |= {(type, answer) for type in types or TYPES if answer and (type != TICK or answer == OBSERVATION)}
    return found + [
        f"events of type {type!r} come back to where they were: the Triggers loop" for type in _loops(arrows)
    ]


def _is_function(item: Object) -> bool:
    return bool(item["kind"] == "Service" and item["apiVersion"].startswith("serving."))


def _source(service: Object) -> str:
    environment = service["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(str(each["value"]) for each in environment if each["name"] == "FUNCTION_SOURCE")


def _types(spec: Object) -> list[str] | None:
    filters = spec.get("filters", [])
    if "filter" in spec or len(filters) != 1:
        return None
    each = filters[0]["any"] if set(filters[0]) == {"any"} else filters
    if not all(set(one) == {"exact"} and set(one["exact"]) == {"type"} for one in each):
        return None
    return [one["exact"]["type"] for one in each]


def _says(spec: Object, part: str) -> bool:
    return spec.get("delivery", {}).get(part) is not None


def _loops(arrows: set[tuple[str, str]]) -> list[str]:
    reached = set(arrows)
    while further := {(a, d) for a, b in reached for c, d in arrows if b == c} - reached:
        reached |= further
    return sorted({a for a, b in reached if a == b})
