"""Places at a function: taken at once where one is free, else in turn."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rivulet_local.places import Places


def run(check: Callable[[Places], Awaitable[None]], count: int) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(5):
            await check(Places(count))

    asyncio.run(bounded())


def test_a_place_is_taken_until_it_is_given_back() -> None:
    places = Places(1)
    assert places.take()
    assert not places.take()
    places.give_back()
    assert places.take()


def test_without_a_bound_there_is_always_a_place() -> None:
    places = Places(0)
    assert all(places.take() for _ in range(1000))


def test_who_waits_comes_in_turn_and_before_who_comes_later() -> None:
    async def check(places: Places) -> None:
        assert places.take()
        first, second = (asyncio.create_task(places.wait()) for _ in range(2))
        await asyncio.sleep(0)
        places.give_back()
        assert not places.take(), "it is the first one's"
        await first
        assert not second.done()
        places.give_back()
        await second

    run(check, 1)


@pytest.mark.parametrize("late", [False, True], ids=["before its turn", "after its turn"])
def test_who_goes_away_leaves_the_place_to_the_next(late: bool) -> None:
    async def check(places: Places) -> None:
        assert places.take()
        gone, next_one = (asyncio.create_task(places.wait()) for _ in range(2))
        await asyncio.sleep(0)
        if late:
            places.give_back()
        gone.cancel()
        if not late:
            await asyncio.sleep(0)
            places.give_back()
        await next_one
        assert not places.take()

    run(check, 1)
