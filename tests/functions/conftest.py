"""One Redis and one process of each function for all tests here; each test has series of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.function_processes import APPLICATION, FunctionProcess, RedisServer
from tests.functions.sending import StandIn

ROWS = 6
LEDGER_MODELS = ("linear_regression", "knn_regressor")
Start = Callable[..., FunctionProcess]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the session's logs and files."""
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="session")
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Return the session's Redis."""
    server = RedisServer(folder / "redis").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def start(folder: Path, redis_server: RedisServer) -> Iterator[Start]:
    """Return what starts a function against the session's Redis, and stops it in the end."""
    with ExitStack() as stack:

        def started(source: str, application: str = APPLICATION, **settings: str) -> FunctionProcess:
            own = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "tests", **settings}
            process = FunctionProcess(folder, source=source, settings=own, application=application).start()
            stack.callback(process.stop)
            return process

        yield started


@pytest.fixture(scope="session")
def models(start: Start) -> Callable[[str], FunctionProcess]:
    """Return what gives the process of a model, started when it is first asked for."""
    running: dict[str, FunctionProcess] = {}

    def running_model(name: str) -> FunctionProcess:
        if name not in running:
            running[name] = start("model", MODEL_NAME=name)
        return running[name]

    return running_model


@pytest.fixture(scope="session")
def model(models: Callable[[str], FunctionProcess]) -> FunctionProcess:
    """Return the process of the linear regression."""
    return models("linear_regression")


@pytest.fixture(scope="session")
def features(start: Start) -> FunctionProcess:
    """Return the process of features, with little patience for observations out of order."""
    return start("features", SEQUENCE_PATIENCE="1s")


@pytest.fixture(scope="session")
def coinbase() -> Iterator[StandIn]:
    """Return what stands where Coinbase would."""
    with StandIn().serving() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def ingest(start: Start, folder: Path, coinbase: StandIn) -> FunctionProcess:
    """Return the process of ingest, with a data set of six rows."""
    data = folder / "six.csv"
    data.write_text("input,target\n" + "".join(f"1949-{k:02},{110 + k}\n" for k in range(1, ROWS + 1)))
    return start("ingest", DATASET=str(data), COINBASE_URL=coinbase.url, SERIES_ID="six")


@pytest.fixture(scope="session")
def broker() -> Iterator[StandIn]:
    """Return what stands where the Broker would."""
    with StandIn().serving() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def ledger(start: Start, broker: StandIn) -> FunctionProcess:
    """Return the process of the ledger."""
    return start("ledger", MODELS=",".join(LEDGER_MODELS), BROKER_URL=broker.url, SEASON="4")
