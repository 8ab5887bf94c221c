"""Settings: read once from the environment, into a frozen object."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from rivulet.fields import SERIES_ID

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_REDIS = ("redis", "rediss", "redis+cluster", "rediss+cluster")
LONGEST_SEASON = 128
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingError(ValueError):
    """A setting has a value that it cannot take; the sentence names it."""


@dataclass(frozen=True)
class Settings:
    """What a function is told by its environment.

    Attributes
    ----------
    service
        The name that Knative gave the function (``K_SERVICE``).
    revision
        The name of its Revision (``K_REVISION``), for the log.
    source
        The file that declares the function (``FUNCTION_SOURCE``), as functions-framework has it.
    n_lags
        How many past values a feature vector has.
    sequence_patience
        Seconds that an observation which came too early keeps being asked to come again, before the gap
        ahead of it is recorded as one.
    season
        Length of the season of the seasonal naive baseline, in observations, of a series that has none of its own.
    seasons
        Length of the season by series, for models (which find it themselves elsewhere) and for baselines.
    snapshot_key
        The key that snapshots are signed with; without one none is written, none is read.
    cached_series
        How many series' states a process holds at once; the least recently used one goes first.
    longest_wait
        Seconds that a caller may wait for a run; less than what the platform lets a request take.
    call_memory
        Seconds for which an ``Idempotency-Key``, and a tick, are remembered.
    otlp_endpoint
        Where spans go (``OTEL_EXPORTER_OTLP_ENDPOINT``); empty means that nothing is traced.
    exporter_host, exporter_port
        Where the exporter listens.
    exporter_series
        How many series have metrics of their own; the others are added up.
    """

    service: str = "rivulet"
    revision: str = ""
    source: str = "main.py"
    redis_url: str = "redis://127.0.0.1:6379/0"
    broker_url: str = ""
    log_level: str = "INFO"
    n_lags: int = 10
    sequence_patience: float = 30.0
    forecast_steps: int = 5
    season: int = 12
    seasons: Mapping[str, int] = field(default_factory=dict)
    series_id: str = "default"
    dataset: str = "data/airline.csv"
    coinbase_url: str = "https://api.coinbase.com"
    model_name: str = ""
    models: tuple[str, ...] = ("linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor")
    snapshot_key: str = ""
    cached_series: int = 128
    journal_keep: int = 10_000
    record_keep: int = 100_000
    longest_wait: float = 30.0
    call_memory: int = 7 * 86400
    otlp_endpoint: str = ""
    exporter_host: str = "0.0.0.0"
    exporter_port: int = 9464
    exporter_series: int = 200

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises
        ------
        SettingError
            If a variable has a value that it cannot take.
        """
        default = cls()

        def text(name: str, otherwise: str) -> str:
            return environment.get(name, "") or otherwise

        return cls(
            service=text("K_SERVICE", default.service),
            revision=text("K_REVISION", default.revision),
            source=text("FUNCTION_SOURCE", default.source),
            redis_url=_redis(text("REDIS_URL", default.redis_url), text("REDIS_PASSWORD", "")),
            broker_url=text("BROKER_URL", default.broker_url),
            log_level=_level(text("LOG_LEVEL", default.log_level)),
            n_lags=_count("N_LAGS", text("N_LAGS", str(default.n_lags)), 1, 1000),
            sequence_patience=_seconds("SEQUENCE_PATIENCE", text("SEQUENCE_PATIENCE", "30s")),
            forecast_steps=_count("FORECAST_STEPS", text("FORECAST_STEPS", "5"), 1, 100),
            season=_count("SEASON", text("SEASON", str(default.season)), 1, 1000),
            seasons=_seasons(text("SEASONS", "")),
            series_id=text("SERIES_ID", default.series_id),
            dataset=text("DATASET", default.dataset),
            coinbase_url=text("COINBASE_URL", default.coinbase_url).rstrip("/"),
            model_name=text("MODEL_NAME", default.model_name),
            models=_models(environment, text("MODELS", ",".join(default.models))),
            snapshot_key=text("SNAPSHOT_KEY", ""),
            cached_series=_count("CACHED_SERIES", text("CACHED_SERIES", "128"), 1, 1_000_000),
            journal_keep=_count("JOURNAL_KEEP", text("JOURNAL_KEEP", "10000"), 0, 1_000_000_000),
            record_keep=_count("RECORD_KEEP", text("RECORD_KEEP", "100000"), 0, 1_000_000_000),
            longest_wait=_seconds("LONGEST_WAIT", text("LONGEST_WAIT", "30s")),
            call_memory=int(_seconds("CALL_MEMORY", text("CALL_MEMORY", "168h"))),
            otlp_endpoint=text("OTEL_EXPORTER_OTLP_ENDPOINT", text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")),
            exporter_host=text("EXPORTER_HOST", default.exporter_host),
            exporter_port=_count("EXPORTER_PORT", text("EXPORTER_PORT", str(default.exporter_port)), 1, 65535),
            exporter_series=_count("EXPORTER_SERIES", text("EXPORTER_SERIES", "200"), 0, 1_000_000),
        )


def _redis(url: str, password: str) -> str:
    """Put the password, which comes from a Secret, into the address, which does not."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in _REDIS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right:  # it is not repeated: there may be a password in it
        schemes = ", ".join(_REDIS)
        raise SettingError(f"REDIS_URL must be an address such as redis://host:6379/0, its scheme one of {schemes}")
    if not password or "@" in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=f":{quote(password, safe='')}@{parts.netloc}"))


def _count(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingError(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return int(text)


def _models(environment: Mapping[str, str], text: str) -> tuple[str, ...]:
    """Return the models that ``MODELS`` names, and those of ``MODELS_...``: one that is switched on adds its own."""
    further = [environment[name] for name in sorted(environment) if name.startswith("MODELS_")]
    names = [name.strip() for part in (text, *further) for name in part.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def _seasons(text: str) -> dict[str, int]:
    seasons = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        series_id, _, length = item.rpartition("=")
        if not SERIES_ID.fullmatch(series_id):
            raise SettingError(f"SEASONS must be a list such as kitchen=24,sales=12, not {text!r}")
        seasons[series_id] = _count(f"SEASONS of {series_id!r}", length, 1, LONGEST_SEASON)
    return seasons


def _seconds(name: str, text: str) -> float:
    match = _DURATION.fullmatch(text)
    if not match:
        raise SettingError(f"{name} must be a duration such as 500ms, 30s, 2m or 1h, not {text!r}")
    return float(match[1]) * _SECONDS[match[2]]


def _level(text: str) -> str:
    if text.upper() not in _LEVELS:
        raise SettingError(f"LOG_LEVEL must be one of {', '.join(_LEVELS)}, not {text!r}")
    return text.upper()
