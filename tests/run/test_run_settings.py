"""What a person may ask of a run, and how a wrong wish is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rivulet_local.run_settings import RunSettings
from rivulet_local.settings import SettingError


def test_without_any_variable_the_whole_data_set_is_streamed() -> None:
    assert RunSettings.from_environment({}) == RunSettings("default", None, None, False)


def test_every_variable_is_read(tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    file.write_text("time,value\n2020,1\n2021,2\n")
    found = RunSettings.from_environment({"ROWS": "2", "CSV": str(file), "SERIES": "sensor-7", "FRESH": "1"})
    assert found == RunSettings("sensor-7", 2, file, True)


def test_a_relative_csv_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.csv").write_text("target\n1\n")
    monkeypatch.chdir(tmp_path)
    found = RunSettings.from_environment({"CSV": "my.csv"})
    assert found.csv == tmp_path / "my.csv"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("header", [b"target", b"input,target", b"value,time"])
def test_files_of_any_origin_are_read(tmp_path: Path, bom: bytes, end: bytes, header: bytes) -> None:
    cells = [b"1" for _ in header.split(b",")]
    file = tmp_path / "my.csv"
    file.write_bytes(bom + end.join([header, b",".join(cells), b",".join(cells), b""]))
    assert RunSettings.from_environment({"CSV": str(file), "ROWS": "2"}).rows == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ROWS", value) for value in ("0", "-1", "1.5", "many", "²", "1" * 20)),
        *(("SERIES", value) for value in ("a b", "-a", "ä", "a/b", "a" * 129, "{a}")),
        *(("FRESH", value) for value in ("yes", "2", "true")),
        ("CSV", "not-there.csv"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}"):
        RunSettings.from_environment({name: value})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "header"),
        ("target\n", "no row"),
        ("time,price\n1,2\n", "line 1"),
        ("time,value\n1,2\n2,x\n", "line 3"),
        ("time,value\n1,2\n2\n", "line 3"),
        ("value\n1\n2\nnan\n", "line 4"),
        ("value\n1\ninf\n", "line 3"),
    ],
)
def test_a_bad_csv_is_refused_by_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "my.csv"
    file.write_text(content)
    with pytest.raises(SettingError, match=f"^CSV: .*{said}"):
        RunSettings.from_environment({"CSV": str(file)})


def test_more_rows_than_the_file_has_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "my.csv"
    file.write_text("value\n1\n2\n")
    with pytest.raises(SettingError, match=r"^ROWS is 3, but the data set has 2 rows\.$"):
        RunSettings.from_environment({"CSV": str(file), "ROWS": "3"})
