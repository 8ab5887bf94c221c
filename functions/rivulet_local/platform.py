"""The platform: Redis, Broker, gateway and activators, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from rivulet_local.activator import Activator
from rivulet_local.broker import Broker
from rivulet_local.broker_door import BrokerDoor
from rivulet_local.data_folder import DataFolder
from rivulet_local.door_server import DoorServer
from rivulet_local.environment import function_environment
from rivulet_local.exporter_process import ExporterProcess
from rivulet_local.forks import Forks
from rivulet_local.function_process import Surroundings
from rivulet_local.gateway import Gateway
from rivulet_local.manifests import Manifests, load_manifests, with_patience
from rivulet_local.ports import listen
from rivulet_local.queue_store import QueueStore
from rivulet_local.redis_server import RedisServer, connect
from rivulet_local.routes import RoutingTable
from rivulet_local.settings import LocalSettings
from rivulet_local.ticker import tick_on
from rivulet_local.zygote_process import ZygoteProcess

_REPOSITORY = Path(__file__).resolve().parents[2]
_ATTEMPT_PATIENCE = 5.0
LEGACY_PORTS: Mapping[str, int] = {
    "features": 8001,
    "ingest": 8002,
    "model-linear": 8010,
    "model-bagging": 8011,
    "model-knn": 8012,
    "model-amfr": 8013,
}


class Platform:
    """The embedded mode, as an asynchronous context: started on entry, stopped on exit.

    Parameters
    ----------
    settings
        Addresses, folder, tick.
    overrides
        Settings of the functions that win over those of the manifests and of the caller's environment.
    knative_root, eventing_root, functions_root
        Where manifests and functions are; this repository's own without a value: the overlay ``dev``, or, where the
        settings want all models, ``all-models``, with longer timeouts than a cluster's.
    legacy_ports
        The services that have a port of their own, where the settings want that.

    Attributes
    ----------
    gateway_url, broker_url, redis_url, exporter_url
        The addresses, once it is started; there may be no exporter.
    """

    def __init__(
        self,
        settings: LocalSettings,
        overrides: dict[str, str] | None = None,
        *,
        knative_root: Path | None = None,
        eventing_root: Path = _REPOSITORY / "eventing",
        functions_root: Path = _REPOSITORY / "functions",
        legacy_ports: Mapping[str, int] = LEGACY_PORTS,
    ) -> None:
        self.gateway_url = ""
        self.broker_url = ""
        self.redis_url = ""
        self.exporter_url = ""
        self._settings = settings
        self._overrides = overrides or {}
        overlay = _REPOSITORY / "knative" / "overlays" / ("all-models" if settings.all_models else "dev")
        loaded = load_manifests(knative_root or overlay, eventing_root)
        self._manifests = loaded if knative_root else with_patience(loaded)
        self._functions_root = functions_root
        self._legacy_ports = legacy_ports if settings.legacy_ports else {}
        self._functions: dict[str, Activator] = {}
        self._broker: Broker | None = None
        self._sites: list[web.SockSite] = []
        self._folder = DataFolder(settings.data)
        self._stack = contextlib.AsyncExitStack()

    @property
    def manifests(self) -> Manifests:
        """What the platform runs by."""
        return self._manifests

    async def __aenter__(self) -> Self:
        """Start everything but the functions.

        Raises
        ------
        PlatformError
            If the folder or a port is in use, or Redis does not start.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self._folder.locked())
            gateway_socket, broker_socket, legacy = self._take_ports(stack)
            exporter = self._make_exporter()
            await asyncio.to_thread(self._folder.end_leftovers)
            redis = RedisServer(self._folder)
            stack.push_async_callback(redis.stop)
            await redis.start()
            self.redis_url = redis.url
            environment = self._plain_environment()
            zygote = ZygoteProcess(self._folder, self._functions_root)
            stack.push_async_callback(zygote.stop)
            await zygote.start(self._manifests.services.values(), environment)
            self._functions = self._make_functions(zygote.forks)
            if exporter is not None:
                stack.push_async_callback(exporter.stop)
                await exporter.start(environment)
            broker = await self._start_broker(stack)
            gateway = Gateway(self._functions, self.report)
            door = DoorServer(BrokerDoor(broker, self._manifests.broker_path), access_log=None)
            await self._serve(stack, door, broker_socket)
            await self._serve(stack, web.Server(gateway.handle, access_log=None), gateway_socket)
            for name, listener in legacy.items():
                server = web.Server(gateway.handler_of(self._functions[name]), access_log=None)
                await self._serve(stack, server, listener)
            self._start_ticker(stack, broker)
            stack.push_async_callback(self._wind_down)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, in the reverse order."""
        await self._stack.aclose()

    def report(self) -> dict[str, Any]:
        """Return what ``GET /_platform`` answers."""
        assert self._broker is not None
        return {
            "version": 1,
            "pid": os.getpid(),
            "data": str(self._folder.path),
            "redis_url": self.redis_url,
            "broker_url": self.broker_url,
            "exporter_url": self.exporter_url,
            "tick": self._settings.tick,
            "services": [each.report() for each in self._functions.values()],
            "broker": asdict(self._broker.counters),
        }

    def _take_ports(
        self, stack: contextlib.AsyncExitStack
    ) -> tuple[socket.socket, socket.socket, dict[str, socket.socket]]:
        settings = self._settings

        def take(port: int, variable: str) -> socket.socket:
            return stack.enter_context(contextlib.closing(listen(settings.host, port, variable)))

        gateway = take(settings.port, "RIVULET_PORT")
        broker = take(settings.broker_port, "RIVULET_BROKER_PORT")
        legacy = {name: take(port, "RIVULET_LEGACY_PORTS=off") for name, port in self._legacy_ports.items()}
        self.gateway_url = _url(gateway)
        self.broker_url = _url(broker) + self._manifests.broker_path
        return gateway, broker, legacy

    def _make_exporter(self) -> ExporterProcess | None:
        settings = self._settings
        if settings.exporter_port is None:
            return None
        exporter = ExporterProcess(self._folder, self._functions_root, settings.host, settings.exporter_port)
        self.exporter_url = exporter.url
        return exporter

    def _plain_environment(self) -> dict[str, str]:
        """Return what a function would be told, without what only functions need to know."""
        spec = next(iter(self._manifests.services.values()))
        return function_environment(
            replace(spec, secrets={}),
            user=self._settings.environment,
            overrides=self._overrides,
            secret={},
            platform={"REDIS_URL": self.redis_url},
        )

    def _make_functions(self, forks: Forks | None) -> dict[str, Activator]:
        around = Surroundings(self._folder, self._functions_root, self._settings.ready_timeout, forks)
        secret = self._folder.secret()
        functions = {}
        for name, spec in self._manifests.services.items():
            environment = function_environment(
                spec,
                user=self._settings.environment,
                overrides=self._overrides,
                secret=secret,
                platform={"REDIS_URL": self.redis_url, "BROKER_URL": self.broker_url},
            )
            functions[name] = Activator(spec, environment, around)
        return functions

    async def _start_broker(self, stack: contextlib.AsyncExitStack) -> Broker:
        redis = connect(self.redis_url)
        stack.push_async_callback(redis.aclose)
        store = QueueStore(redis)
        await store.start()
        stack.push_async_callback(store.stop)
        table = RoutingTable(self._manifests.triggers, self._functions)
        self._broker = broker = Broker(table, store)
        stack.push_async_callback(broker.stop, _ATTEMPT_PATIENCE)
        # If the start does not get any further: recovered deliveries may have started functions.
        stack.push_async_callback(self._wind_down)
        await broker.recover()
        return broker

    async def _serve(self, stack: contextlib.AsyncExitStack, server: web.Server, listener: socket.socket) -> None:
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.SockSite(runner, listener)
        await site.start()
        self._sites.append(site)

    async def _wind_down(self) -> None:
        # Nothing new comes in, then the functions stop: told to, they still answer what they were asked.
        while self._sites:
            await self._sites.pop().stop()
        if self._broker is not None:
            self._broker.halt()
        await asyncio.gather(*(each.close() for each in self._functions.values()))

    def _start_ticker(self, stack: contextlib.AsyncExitStack, broker: Broker) -> None:
        if self._settings.tick is None:
            return
        task = asyncio.create_task(tick_on(broker, self._settings.tick))
        stack.callback(task.cancel)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else named}:{port}"
