"""Where deliveries go: a route for each Trigger, and one to its dead-letter sink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rivulet_local.activator import Activator
from rivulet_local.cloudevent import Event
from rivulet_local.deliveries import Lanes
from rivulet_local.filters import Filter
from rivulet_local.manifests import DeliverySpec, Target, TriggerSpec


@dataclass
class Route:
    """A way to a subscriber.

    Attributes
    ----------
    name
        Under which deliveries are kept in the queue.
    dead
        The route to the dead-letter sink; None for that route itself, and where there is no sink.
    limit
        How many deliveries are made at once.
    wakes
        The type of those events that have done all that they are for when the function is awake; empty for none.
    """

    name: str
    function: Activator
    path: str
    delivery: DeliverySpec
    limit: int
    dead: Route | None = None
    wakes: str = ""
    lanes: Lanes = field(default_factory=Lanes)
    running: int = 0

    @property
    def destination(self) -> str:
        """The subscriber's address, as it is in the cluster."""
        spec = self.function.spec
        return f"http://{spec.name}.{spec.namespace}.svc.cluster.local{self.path}"


class RoutingTable:
    """All routes, by name and by the events that they carry."""

    def __init__(self, triggers: tuple[TriggerSpec, ...], functions: Mapping[str, Activator]) -> None:
        self.by_name: dict[str, Route] = {}
        self._filters: list[tuple[Filter, Route]] = []
        for trigger in triggers:
            route = _route(trigger.name, trigger.target, trigger.delivery, functions)
            route.wakes = trigger.wakes
            if trigger.delivery.sink is not None:
                route.dead = _route(f"{trigger.name}/dead", trigger.delivery.sink, trigger.delivery, functions)
                self.by_name[route.dead.name] = route.dead
            self.by_name[route.name] = route
            self._filters.append((trigger.passes, route))

    def matching(self, event: Event) -> list[Route]:
        """Return the routes of the Triggers whose filter an event passes, without those that have nothing to do."""
        routes = [route for passes, route in self._filters if passes(event.attributes)]
        return [route for route in routes if not (route.wakes == event.attributes["type"] and _is_woken(route, event))]


def _is_woken(route: Route, event: Event) -> bool:
    """Whether a function is awake, or an event with the same key is on its way to wake it."""
    return route.function.kept_awake() or route.lanes.holds(event.key)


def _route(name: str, target: Target, delivery: DeliverySpec, functions: Mapping[str, Activator]) -> Route:
    function = functions[target.service]
    # A function without a bound of its own is still not given a whole backlog at once.
    limit = function.spec.concurrency or 100
    return Route(name, function, target.path, delivery, limit)
