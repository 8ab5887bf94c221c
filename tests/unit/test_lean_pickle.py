"""Lean pickles: what is read equals what was written, however its class has it."""

from __future__ import annotations

import pickle
from collections import deque
from typing import Any

import numpy as np
import pytest

from rivulet import lean_pickle


class Plain:
    """Attributes in a dictionary."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


class Slotted(Plain):
    """Some in slots besides."""

    __slots__ = ("slot",)
    slot: int

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and getattr(other, "slot", None) == getattr(self, "slot", None)


class Restored(Plain):
    """One that says itself how it is restored."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "restored": True})


class Watched(Plain):
    """One whose attributes must not be set one by one."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def again(written: Any) -> Any:
    """Return what is read of what was written."""
    return pickle.loads(lean_pickle.dumps(written))


@pytest.mark.parametrize(
    "written",
    [
        Plain(),
        Plain(a=1, b=[1.5, float("inf")], c=Plain(d=None), e={Plain: len}),
        Watched(a=1),
        [deque([(1.0, 2.0)], maxlen=3), {1, 2}, Plain, Plain.__init__, len, 2**70],
    ],
)
def test_what_is_read_equals_what_was_written(written: Any) -> None:
    assert again(written) == written


def test_attributes_are_set_one_after_the_other_as_whoever_made_the_object_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pickled, usual = lean_pickle.dumps(Plain(a=1, b=2)), pickle.dumps(Plain(a=1, b=2))
    noted: list[str] = []

    def note(self: Plain, name: str, value: object) -> None:
        noted.append(name)
        object.__setattr__(self, name, value)

    monkeypatch.setattr(Plain, "__setattr__", note, raising=False)
    pickle.loads(usual)
    assert not noted  # its dictionary is filled at once, which is what makes it slow
    assert pickle.loads(pickled) == Plain(a=1, b=2)
    assert noted == ["a", "b"]


def test_slots_beside_a_dictionary_are_kept() -> None:
    written = Slotted(a=1)
    written.slot = 2
    assert again(written) == written
    assert again(written).slot == 2


def test_who_restores_itself_still_does() -> None:
    assert again(Restored(a=1)) == Restored(a=1, restored=True)


def test_one_object_in_two_places_stays_one() -> None:
    shared = Plain(a=1)
    shared.itself = shared  # type: ignore[attr-defined]
    one, two = again([shared, shared])
    assert one is two
    assert one.itself is one


def test_arrays_and_random_numbers_go_on_where_they_were() -> None:
    drawn = np.random.RandomState(3)
    drawn.rand(5)
    matrix, generator = again([np.eye(3), drawn])
    assert (matrix == np.eye(3)).all()
    assert generator.rand() == drawn.rand()
