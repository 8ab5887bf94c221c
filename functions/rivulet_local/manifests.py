"""What the embedded mode reads out of the rendered manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rivulet_local.durations import parse_go_duration, parse_iso_duration
from rivulet_local.errors import ManifestError
from rivulet_local.filters import Filter, trigger_filter
from rivulet_local.kustomize import Object, refuse_unknown, render
from rivulet_local.retry import Backoff

_EVENTING = "eventing.knative.dev/v1"
_SCALING = "autoscaling.knative.dev/"
_WAKES = "rivulet.dev/wakes"
_LEAST_TIMEOUT = 40.0
_WAIT = {"LONGEST_WAIT": "30s"}


@dataclass(frozen=True)
class ServiceSpec:
    """A Knative Service: one function.

    Attributes
    ----------
    settings
        Its environment: what its ConfigMaps and its container say.
    secrets
        Environment variables that come out of the Secret, with the key of each.
    window
        Idle seconds after which it goes to zero.
    concurrency
        How many requests it is given at once; 0 is without a limit.
    timeout
        Seconds that it may take to begin its answer.
    """

    name: str
    namespace: str
    command: tuple[str, ...]
    working_dir: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    health_path: str
    window: float
    concurrency: int
    timeout: float


@dataclass(frozen=True)
class Target:
    """Where a delivery goes: a service, and a path of it."""

    service: str
    path: str = ""


@dataclass(frozen=True)
class DeliverySpec:
    """How a delivery is made: retries, timeout, dead-letter sink."""

    backoff: Backoff = Backoff()
    timeout: float = 30.0
    sink: Target | None = None


@dataclass(frozen=True)
class TriggerSpec:
    """A Trigger: which events go to which service, and how.

    Attributes
    ----------
    wakes
        The type of those events that are there to wake the service, and for nothing else; empty for none.
    """

    name: str
    passes: Filter
    target: Target
    delivery: DeliverySpec
    wakes: str = ""


@dataclass(frozen=True)
class Manifests:
    """All that the platform runs by."""

    services: Mapping[str, ServiceSpec]
    broker_path: str
    triggers: tuple[TriggerSpec, ...]


def load_manifests(knative: Path, eventing: Path) -> Manifests:
    """Render and read the two folders of manifests.

    Raises
    ------
    ManifestError
        If they say something that the embedded mode does not understand.
    """
    objects = render(knative)
    config = {each["metadata"]["name"]: each.get("data", {}) for each in _of_kind(objects, "v1", "ConfigMap")}
    services = [_service(each, config) for each in _of_kind(objects, "serving.knative.dev/v1", "Service")]
    routing = render(eventing)
    brokers = _of_kind(routing, _EVENTING, "Broker")
    if len(brokers) != 1:
        raise ManifestError(f"{eventing} has to hold one Broker, not {len(brokers)}.")
    by_name = {each.name: each for each in services}
    # The routing table, and the Triggers that a model which is switched on brings with it.
    items = [*_of_kind(routing, _EVENTING, "Trigger"), *_of_kind(objects, _EVENTING, "Trigger")]
    triggers = _triggers(items, brokers[0], by_name)
    metadata = brokers[0]["metadata"]
    return Manifests(by_name, f"/{metadata.get('namespace', 'default')}/{metadata['name']}", triggers)


def with_patience(manifests: Manifests) -> Manifests:
    """Return the manifests with longer timeouts.

    A cluster's timeoutSeconds is also how long a pod lingers when it is told to stop, and so it is short there. Nothing
    lingers here, and a slow machine may take long to start a function: a caller is given 40 seconds at least, and may
    wait for a run as long as the ledger lets anyone.
    """
    services = {}
    for name, spec in manifests.services.items():
        waits = {setting: value for setting, value in _WAIT.items() if setting in spec.settings}
        timeout = max(_LEAST_TIMEOUT, spec.timeout)
        services[name] = replace(spec, settings={**spec.settings, **waits}, timeout=timeout)
    return replace(manifests, services=services)


def _of_kind(objects: list[Object], version: str, kind: str) -> list[Object]:
    return [each for each in objects if (each.get("apiVersion"), each.get("kind")) == (version, kind)]


def _service(item: Object, config: Mapping[str, Mapping[str, str]]) -> ServiceSpec:
    metadata, where = item["metadata"], f"Service {item['metadata']['name']}"
    template = item["spec"]["template"]
    annotations = template.get("metadata", {}).get("annotations", {})
    if annotations.get(f"{_SCALING}min-scale", "0") != "0":
        raise ManifestError(f"{where}: min-scale has to be 0, since functions run on demand only.")
    spec = template["spec"]
    if len(spec["containers"]) != 1:
        raise ManifestError(f"{where}: the embedded mode runs one container, not {len(spec['containers'])}.")
    container = spec["containers"][0]
    settings, secrets = _environment(container, config, where)
    return ServiceSpec(
        name=metadata["name"],
        namespace=metadata.get("namespace", "default"),
        command=(*container["command"], *container.get("args", ())),
        working_dir=container.get("workingDir", "/app"),
        settings=settings,
        secrets=secrets,
        health_path=container.get("readinessProbe", {}).get("httpGet", {}).get("path", "/"),
        window=_read(parse_go_duration, annotations.get(f"{_SCALING}window", "60s"), f"{where}: window"),
        concurrency=int(spec.get("containerConcurrency", 0)),
        timeout=float(spec.get("timeoutSeconds", 300)),
    )


def _environment(
    container: Object, config: Mapping[str, Mapping[str, str]], where: str
) -> tuple[dict[str, str], dict[str, str]]:
    settings: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for source in container.get("envFrom", []):
        refuse_unknown(source, {"configMapRef"}, f"{where}: envFrom")
        name = source["configMapRef"]["name"]
        if name not in config:
            raise ManifestError(f"{where}: there is no ConfigMap {name}.")
        settings.update(config[name])
    for variable in container.get("env", []):
        name = variable["name"]
        if "value" in variable:
            settings[name] = str(variable["value"])
        else:
            refuse_unknown(variable.get("valueFrom"), {"secretKeyRef"}, f"{where}: env {name}")
            secrets[name] = variable["valueFrom"]["secretKeyRef"]["key"]
    return settings, secrets


def _triggers(items: list[Object], broker: Object, services: Mapping[str, ServiceSpec]) -> tuple[TriggerSpec, ...]:
    default = _delivery(broker.get("spec", {}).get("delivery"), DeliverySpec(), "Broker", services)
    return tuple(_trigger(item, broker["metadata"]["name"], default, services) for item in items)


def _trigger(item: Object, broker: str, default: DeliverySpec, services: Mapping[str, ServiceSpec]) -> TriggerSpec:
    name, spec = item["metadata"]["name"], item["spec"]
    where = f"Trigger {name}"
    refuse_unknown(spec, {"broker", "filter", "filters", "subscriber", "delivery"}, where)
    if spec.get("broker") != broker:
        raise ManifestError(f"{where}: there is no Broker {spec.get('broker')}.")
    passes, wakes = trigger_filter(spec, where), item["metadata"].get("annotations", {}).get(_WAKES, "")
    if wakes and not passes({"type": wakes}):
        raise ManifestError(f"{where}: {_WAKES} has to be a type that its filters let through, not {wakes!r}.")
    return TriggerSpec(
        name=name,
        passes=passes,
        target=_target(spec["subscriber"], f"{where}: subscriber", services),
        delivery=_delivery(spec.get("delivery"), default, where, services),
        wakes=wakes,
    )


def _delivery(
    spec: Object | None, default: DeliverySpec, where: str, services: Mapping[str, ServiceSpec]
) -> DeliverySpec:
    if spec is None:
        return default
    where = f"{where}: delivery"
    refuse_unknown(spec, {"retry", "backoffPolicy", "backoffDelay", "timeout", "deadLetterSink"}, where)
    policy = spec.get("backoffPolicy", "exponential")
    if policy not in ("exponential", "linear"):
        raise ManifestError(f"{where}: backoffPolicy has to be exponential or linear, not {policy!r}.")
    delay = _read(parse_iso_duration, spec.get("backoffDelay", "PT0.2S"), f"{where}.backoffDelay")
    sink = spec.get("deadLetterSink")
    return DeliverySpec(
        # As in Knative, a delivery of a Trigger's own replaces the Broker's, but for the sink.
        backoff=Backoff(int(spec.get("retry", 0)), policy, delay),
        timeout=_read(parse_iso_duration, spec.get("timeout", "PT30S"), f"{where}.timeout"),
        sink=default.sink if sink is None else _target(sink, f"{where}.deadLetterSink", services),
    )


def _target(spec: Object, where: str, services: Mapping[str, ServiceSpec]) -> Target:
    refuse_unknown(spec, {"ref", "uri"}, where)
    ref = spec.get("ref")
    refuse_unknown(ref, {"apiVersion", "kind", "name", "namespace"}, f"{where}.ref")
    assert isinstance(ref, dict)
    if ref.get("kind") != "Service" or not str(ref.get("apiVersion")).startswith("serving.knative.dev/"):
        raise ManifestError(f"{where}.ref has to be a Knative Service.")
    if ref.get("name") not in services:
        raise ManifestError(f"{where}: there is no Service {ref.get('name')}.")
    return Target(ref["name"], spec.get("uri", ""))


def _read(parse: Callable[[str], float], text: Any, where: str) -> float:
    try:
        return parse(str(text))
    except ValueError as error:
        raise ManifestError(f"{where}: {error}.") from None
