"""Scripts that are sent now and answered later, to a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rivulet.errors import OutOfReach
from rivulet.store import Store
from rivulet.store.aside import Aside
from tests.function_processes import RedisServer

_ECHO = "return ARGV[1]"
_COUNT = "return redis.call('INCR', KEYS[1])"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis that a test may end."""
    made = RedisServer(tmp_path).start()
    yield made
    made.kill()


def test_answers_may_be_asked_for_in_any_order(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    script = store.script(_ECHO)
    with Aside(store) as aside:
        begun = [aside.send(script, [], [k]) for k in range(5)]
        assert [begun[k].answer() for k in (3, 0, 4, 1, 2, 3)] == [b"3", b"0", b"4", b"1", b"2", b"3"]


def test_redis_runs_them_in_the_order_they_were_sent_whether_or_not_anybody_asks(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    script = store.script(_COUNT)
    store.client.delete("aside")
    script(["aside"], [])
    with Aside(store) as aside:
        aside.send(script, ["aside"], [])
        assert aside.send(script, ["aside"], []).answer() == 3
        aside.send(script, ["aside"], [])
        assert aside.send(script, ["aside"], []).answer() == 5


def test_an_answer_that_was_left_unread_is_not_taken_for_the_next_one(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    script = store.script(_ECHO)
    script([], ["loaded"])
    with Aside(store) as aside:
        aside.send(script, [], ["left"])
    assert script([], ["next"]) == b"next"
    with Aside(store) as aside:
        assert aside.send(script, [], ["other"]).answer() == b"other"


def test_a_script_that_redis_does_not_know_is_told_it(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    one, other = store.script("return 'one ' .. ARGV[1]"), store.script("return 'other ' .. ARGV[1]")
    other([], ["loaded"])
    with Aside(store) as aside:
        begun = aside.send(one, [], ["1"]), aside.send(other, [], ["2"]), aside.send(one, [], ["3"])
        assert [each.answer() for each in begun] == [b"one 1", b"other 2", b"one 3"]


def test_what_was_under_way_when_the_connection_broke_is_run_again(server: RedisServer) -> None:
    store = Store(server.url)
    script = store.script(_ECHO)
    script([], ["loaded"])
    with Aside(store) as aside, server.client() as other:
        assert aside.send(script, [], ["0"]).answer() == b"0"
        other.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        begun = [aside.send(script, [], [k]) for k in range(1, 4)]
        assert [each.answer() for each in begun] == [b"1", b"2", b"3"]


def test_without_redis_it_says_so(server: RedisServer) -> None:
    store = Store(server.url)
    script = store.script(_ECHO)
    script([], ["loaded"])
    with Aside(store) as aside:
        assert aside.send(script, [], ["0"]).answer() == b"0"
        server.kill()
        begun = aside.send(script, [], ["1"])
        with pytest.raises(OutOfReach):
            begun.answer()
    with pytest.raises(OutOfReach), Aside(store):
        pass


def test_who_waits_too_long_is_told_so_and_the_next_one_is_not_told_the_late_answer(server: RedisServer) -> None:
    store = Store(server.url)
    script = store.script(_ECHO)
    script([], ["loaded"])
    with server.client() as other, Aside(store) as aside:
        other.execute_command("CLIENT", "PAUSE", "4000")
        begun = aside.send(script, [], ["late"])
        with pytest.raises(OutOfReach, match="out of reach"):
            begun.answer()
        other.execute_command("CLIENT", "UNPAUSE")
    assert script([], ["next"]) == b"next"


def test_an_error_of_a_script_is_raised_where_its_answer_is_asked_for(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    broken = store.script("return redis.call('NO-SUCH-COMMAND')")
    with pytest.raises(Exception, match="Unknown Redis command"), Aside(store) as aside:
        aside.send(broken, [], []).answer()
