"""The settings of the embedded mode, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rivulet_local.durations import parse_go_duration


class SettingError(ValueError):
    """A variable has a value that it cannot take; the sentence names the variable."""


@dataclass(frozen=True)
class LocalSettings:
    """Where the platform listens and keeps its data.

    Attributes
    ----------
    host, port, broker_port
        The addresses of the gateway and the Broker; port 0 takes any free one.
    exporter_port
        The port of the exporter, or None for no exporter.
    legacy_ports
        Whether the ports of the earlier platform (8001 to 8013) are served, too.
    data
        The folder of Redis' files, logs, the lock and the snapshot key.
    tick
        Seconds between two ticks, or None for none.
    ready_timeout
        Seconds within which a function has to become ready.
    all_models
        Whether every definition runs (``MODELS=all``), or those that the ``dev`` overlay has.
    environment
        The environment of the caller, out of which functions are given what concerns them.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    broker_port: int = 8081
    exporter_port: int | None = 9464
    legacy_ports: bool = True
    data: Path = Path(".rivulet")
    tick: float | None = 60.0
    ready_timeout: float = 60.0
    all_models: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> LocalSettings:
        """Read the settings.

        Raises
        ------
        SettingError
            If a variable has a value that it cannot take.
        """
        all_models = environment.get("MODELS") == "all"
        return cls(
            host=environment.get("RIVULET_HOST") or cls.host,
            port=_port(environment, "RIVULET_PORT", cls.port),
            broker_port=_port(environment, "RIVULET_BROKER_PORT", cls.broker_port),
            exporter_port=_exporter_port(environment),
            legacy_ports=_switch(environment, "RIVULET_LEGACY_PORTS", cls.legacy_ports),
            data=Path(environment.get("RIVULET_DATA") or cls.data),
            tick=None if environment.get("TICK") == "off" else _duration(environment, "TICK", "1m"),
            ready_timeout=_duration(environment, "RIVULET_READY_TIMEOUT", "60s"),
            all_models=all_models,
            environment={
                name: value for name, value in environment.items() if name != "MODELS" or value not in ("", "all")
            },
        )

    @property
    def gateway_url(self) -> str:
        """The address of the gateway, when its port is not left to chance."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise SettingError(f"{name} has to be a port between 0 and 65535, not {text!r}.")
    return int(text)


def _exporter_port(environment: Mapping[str, str]) -> int | None:
    if environment.get("RIVULET_EXPORTER_PORT") == "off":
        return None
    return _port(environment, "RIVULET_EXPORTER_PORT", 9464)


def _switch(environment: Mapping[str, str], name: str, default: bool) -> bool:
    text = environment.get(name) or ("on" if default else "off")
    if text not in ("on", "off"):
        raise SettingError(f"{name} has to be on or off, not {text!r}.")
    return text == "on"


def _duration(environment: Mapping[str, str], name: str, default: str) -> float:
    try:
        seconds = parse_go_duration(environment.get(name) or default)
    except ValueError as error:
        also = " or off" if name == "TICK" else ""
        raise SettingError(f"{name}: {error}{also}.") from None
    if seconds <= 0:
        raise SettingError(f"{name} has to be longer than nothing.")
    return seconds
