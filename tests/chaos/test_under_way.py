"""Direct lessons that are under way at once: what was answered stands in the journal, and the journal is a fold."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from rivulet.fold import State
from rivulet.lags import named
from rivulet.models import definition
from rivulet.store import Store
from rivulet.store.journal import Journal
from tests.function_processes import FunctionProcess, RedisServer

MODEL = "linear_regression"
SERIES = "crowded"
LAGS = [5.0, 4.0, 3.0]
CLIENTS = 8

Answers = list[tuple[int, float]]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis of the test's own."""
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.resume() if server.running else None
    server.kill()


@pytest.fixture
def pods(tmp_path: Path, redis_server: RedisServer) -> Iterator[Callable[[], FunctionProcess]]:
    """Return what starts a process of the model."""
    with ExitStack() as stack:

        def start() -> FunctionProcess:
            settings = {"MODEL_NAME": MODEL, "REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "crowd"}
            process = FunctionProcess(tmp_path, source="model", settings=settings)
            stack.callback(process.stop)
            return process.start()

        yield start


def crowd(pods: list[FunctionProcess], goes_on: Callable[[], bool]) -> Answers:
    """Have eight clients teach one series as long as that goes on; return number and prediction of what was taken."""
    lock = threading.Lock()
    answers: Answers = []

    def client(number: int) -> None:
        with requests.Session() as session:
            target = 100.0 * number
            while goes_on():
                target += 1.0
                body = {"series_id": SERIES, "features": named(LAGS), "target": target}
                url = f"{pods[number % len(pods)].url}/predict_learn"
                answer = session.post(url, json=body, timeout=30)
                assert answer.status_code in (200, 409, 503), answer.text
                if answer.status_code == 200:
                    with lock:
                        answers.append((answer.json()["n"], answer.json()["prediction"]))

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return answers


def lessons_left(count: int) -> Callable[[], bool]:
    """Return what says, so many times, that there is another lesson to teach."""
    lock, left = threading.Lock(), [count]

    def another() -> bool:
        with lock:
            left[0] -= 1
            return left[0] >= 0

    return another


def check(redis_server: RedisServer, answers: Answers) -> int:
    """Compare answers with the journal, and the journal with its own fold; return how many lessons there are."""
    journal = Journal(Store(redis_server.url), MODEL)
    lessons = journal.read(SERIES, 1, count=100_000)
    assert [lesson.n for lesson in lessons] == list(range(1, len(lessons) + 1))
    recorded = {lesson.n: lesson.prediction for lesson in lessons}
    assert len({n for n, _ in answers}) == len(answers)
    assert all(recorded[n] == prediction for n, prediction in answers)
    state = State(definition(MODEL))
    for lesson in lessons:
        assert state.assess(lesson.lags) == (lesson.prediction, lesson.fallback)
        state.learn(lesson.lags, lesson.target, lesson.prediction, lesson.seq, lesson.fallback)
    return len(lessons)


def test_eight_connections_to_one_process(redis_server: RedisServer, pods: Callable[[], FunctionProcess]) -> None:
    pod = pods()
    answers = crowd([pod], lessons_left(600))
    assert check(redis_server, answers) == len(answers) == 600
    told = pod.get("/model_metrics").json()
    assert told[SERIES]["count"] == told["model_info"]["in_this_process"]["lessons"] == 600
    assert told["model_info"]["in_this_process"]["express"] > 500
    in_memory = pod.get("/forecast", series_id=SERIES).json()
    pod.stop()
    assert pods().get("/forecast", series_id=SERIES).json() == in_memory


def test_eight_connections_to_two_processes(redis_server: RedisServer, pods: Callable[[], FunctionProcess]) -> None:
    answers = crowd([pods(), pods()], lessons_left(400))
    assert check(redis_server, answers) == len(answers)


@pytest.mark.parametrize("what", ["hangs", "is killed"])
def test_redis_goes_away_meanwhile(redis_server: RedisServer, pods: Callable[[], FunctionProcess], what: str) -> None:
    """What was answered before, in between and after is there; one that was not may be there or not, but once."""
    pod, over = pods(), threading.Event()

    def disturb() -> None:
        time.sleep(1)
        if what == "hangs":
            redis_server.pause()
            time.sleep(3)
            redis_server.resume()
        else:
            redis_server.kill()
            redis_server.start()
        time.sleep(3)
        over.set()

    with ThreadPoolExecutor(1) as side:
        disturbed = side.submit(disturb)
        answers = crowd([pod], lambda: not over.is_set())
        disturbed.result()
    assert check(redis_server, answers) >= len(answers) > 100


def test_a_process_is_killed_meanwhile(redis_server: RedisServer, pods: Callable[[], FunctionProcess]) -> None:
    doomed, other, over = pods(), pods(), threading.Event()
    answers: Answers = []

    def some(pod: FunctionProcess) -> None:
        try:
            answers.extend(crowd([pod], lambda: not over.is_set()))
        except requests.ConnectionError:
            assert pod is doomed

    with ThreadPoolExecutor(2) as both:
        under_way = [both.submit(some, pod) for pod in (doomed, other)]
        time.sleep(1)
        doomed.kill()
        time.sleep(1)
        over.set()
        for each in under_way:
            each.result()
    assert check(redis_server, answers) >= len(answers) > 50
