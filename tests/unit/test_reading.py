"""What comes in: fields, events, lessons, data sets, settings."""

from __future__ import annotations

import json
import random
import struct
import uuid
from pathlib import Path

import pytest

from rivulet import dataset, events, fields
from rivulet.dataset import DatasetError, Row
from rivulet.errors import Invalid, Malformed, Problem
from rivulet.events import Event
from rivulet.fields import Fields, parse_json
from rivulet.lessons import Lesson
from rivulet.settings import SettingError, Settings


@pytest.mark.parametrize("value", [0, -0.0, 1e15, -1e15, 5e-324, 3])
def test_numbers_that_are_taken(value: float) -> None:
    assert fields.number(value, "value") == value


@pytest.mark.parametrize("value", ["1", None, True, [], {}, 1.1e15, -1e16, 10**400, float("nan"), float("inf")])
def test_numbers_that_are_refused_by_name(value: object) -> None:
    with pytest.raises(Invalid, match="'value'"):
        fields.number(value, "value")


def test_features_in_any_order() -> None:
    assert fields.features({"in_2": 2, "in_1": 1, "in_3": 3}) == [1.0, 2.0, 3.0]


def test_a_misspelt_field_is_told_what_was_meant() -> None:
    with pytest.raises(Invalid, match="did you mean 'value'"):
        Fields({"valeu": 1}, ("series_id", "value"))
    with pytest.raises(Invalid, match="'value' is missing"):
        Fields({}, ("value",)).number("value")


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b"\xff", b"[" * 17 + b"]" * 17, b"1" * 5000])
def test_json_that_is_none(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    ["-0", "-0.0", "0.1", "5e-324", "1E5", "9007199254740993.0", "18446744073709551617", '"\\ud800"', '{"a":1,"a":2}'],
)
def test_json_means_what_it_always_means(text: str) -> None:
    assert repr(parse_json(text.encode())) == repr(json.loads(text))


def test_json_may_be_nested_to_a_depth() -> None:
    assert parse_json(b"[" * 16 + b"]" * 16)


def test_what_follows_from_an_event_is_always_the_same() -> None:
    trace = {"traceparent": "00-1-2-01", "other": "x"}
    first, again = (Event("1", "/a", events.TICK, {}, trace).derive("t", "e", "s", 3, {"x": 1}) for _ in range(2))
    assert first == again
    expected = {"subject": "s", "partitionkey": "s", "sequence": "3", "traceparent": "00-1-2-01"}
    assert (first.source, first.extensions) == ("/rivulet/e", expected)
    others = [
        Event("2", "/a", events.TICK, {}).derive("t", "e", "s", 3, {}),
        Event("1", "/b", events.TICK, {}).derive("t", "e", "s", 3, {}),
        Event("1", "/a", events.TICK, {}).derive("t", "e2", "s", 3, {}),
        Event("1", "/a", events.TICK, {}).derive("t2", "e", "s", 3, {}),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5


def test_the_id_of_what_follows_is_the_uuid_of_what_it_follows_from() -> None:
    family = uuid.UUID("6f0a4d0e-3c52-5a57-9d5e-2d7c1b6c9f11")
    for name in map(str, range(100)):
        derived = Event(name, "/ä", events.TICK, {}).derive("t", "e", "s", 3, {})
        assert derived.id == str(uuid.uuid5(family, f"/ä\n{name}\n/rivulet/e\nt"))


def test_binary_mode_there_and_back() -> None:
    event = Event('a b%20"ü', "/s", "t", {"x": [1, 0.1]}, {"subject": "50% 日本", "sequence": "7"})
    headers, body = events.to_http(event)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert headers["ce-subject"] == "50%25%20%E6%97%A5%E6%9C%AC"
    assert events.parse(headers, body) == event
    assert event.sequence == 7


def test_structured_mode_is_not_decoded_twice() -> None:
    attributes = {"specversion": "1.0", "id": "50%25", "source": "/s", "type": "t", "subject": "ü"}
    body = json.dumps({**attributes, "data": {"x": 1}}).encode()
    event = events.parse({"content-type": "application/cloudevents+json; charset=utf-8"}, body)
    assert event == Event("50%25", "/s", "t", {"x": 1}, {"subject": "ü"})


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "x", "", "9" * 30, "\u0661"])
def test_a_sequence_is_a_number_from_one(text: str) -> None:
    with pytest.raises(Problem, match="sequence"):
        assert Event("1", "/s", "t", {}, {"sequence": text}).sequence


def test_a_lesson_comes_back_to_the_last_bit() -> None:
    lots = random.Random(3)

    def any_float() -> float:
        while True:
            value: float = struct.unpack("<d", lots.randbytes(8))[0]
            if abs(value) < 1e300:
                return value

    for n in range(1, 300):
        numbers = [any_float() for _ in range(20)]
        lesson = Lesson(
            n if n % 2 else None, n, numbers[:10], numbers[10], numbers[11], numbers[12:], 0.5, n=n, token="t"
        )
        assert Lesson.decode(n, "t", lesson.encode()) == lesson


def test_a_data_set(tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(b"\xef\xbb\xbfTime, Value\n1949-01,112\n\n,1.50\n")
    assert dataset.read(file) == [Row("1949-01", 112), Row(None, 1.5)]


def test_the_data_set_that_ships() -> None:
    rows = dataset.read(Path(__file__).parents[2] / "functions/ingest/data/airline.csv")
    assert (len(rows), rows[0], rows[143]) == (744, Row("1949-01", 112), Row("1960-12", 432))
    assert rows[-1].label == "2010-12"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "line 1"),
        (b"a,b\n1,2\n", "line 1"),
        (b"input,target\n", "no row"),
        (b"input,target\na,1\nb,x\n", "line 3"),
        (b"input,target\na,1\nb\n", "line 3"),
        (b"input,target\na,nan\n", "line 2"),
        (b"input,target\na,1e16\n", "line 2"),
        (b"target\n\xff\n", "UTF-8"),
    ],
)
def test_a_bad_data_set_is_named_by_its_line(tmp_path: Path, text: bytes, words: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(text)
    with pytest.raises(DatasetError, match=words):
        dataset.read(file)


def test_settings_have_defaults_and_read_durations() -> None:
    assert Settings.from_environment({}) == Settings()
    read = Settings.from_environment(
        {"SEQUENCE_PATIENCE": "500ms", "CALL_MEMORY": "2m", "MODELS": "a, b", "N_LAGS": ""}
    )
    assert (read.sequence_patience, read.call_memory, read.models, read.n_lags) == (0.5, 120, ("a", "b"), 10)


def test_a_model_that_is_switched_on_adds_its_name() -> None:
    environment = {"MODELS": "a,b", "MODELS_Z": "z", "MODELS_C": "c", "MODEL_NAME": "a"}
    assert Settings.from_environment(environment).models == ("a", "b", "c", "z")


def test_seasons_are_by_series() -> None:
    seasons = Settings.from_environment({"SEASONS": "kitchen=24, a:b=12,"}).seasons
    assert seasons == {"kitchen": 24, "a:b": 12}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("N_LAGS", "0"),
        ("N_LAGS", "1001"),
        ("N_LAGS", "ten"),
        ("N_LAGS", "\xb2"),
        ("FORECAST_STEPS", "101"),
        ("SEASON", "-1"),
        ("CACHED_SERIES", "0"),
        ("SEQUENCE_PATIENCE", "soon"),
        ("SEQUENCE_PATIENCE", "-1s"),
        ("CALL_MEMORY", "1d"),
        ("LOG_LEVEL", "LOUD"),
        ("REDIS_URL", "rediss:word-of-passage"),
        ("REDIS_URL", "http://me:word-of-passage@here"),
        ("REDIS_URL", "redis://me:word-of-passage@here:x"),
        ("REDIS_URL", "redis://me:word-of-passage@:6379"),
        ("SEASONS", "12"),
        ("SEASONS", "kitchen=0"),
        ("SEASONS", "kitchen=129"),
        ("SEASONS", "kitchen=12;hall=7"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name) as caught:
        Settings.from_environment({name: value})
    assert "word-of-passage" not in str(caught.value)
