"""How long pods were there, as read from what kubectl's watch tells."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.cluster.pods import Life, Pods


def test_a_life_is_cut_to_what_is_measured() -> None:
    life = Life(born=10, told=40, gone=46)
    assert life.seconds(0, 60) == (30, 6)
    assert life.seconds(20, 43) == (20, 3)
    assert life.seconds(50, 60) == (0, 0)


def test_who_is_still_there_counts_until_the_end() -> None:
    assert Life(born=10).seconds(0, 60) == (50, 0)
    assert Life(born=10, told=50).seconds(0, 60) == (40, 10)


def test_a_pod_that_is_killed_by_force_is_alive_until_it_is_gone() -> None:
    assert Life(born=10, gone=30).seconds(0, 60) == (20, 0)


def test_the_watch_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for kubectl tells of three pods: one stays, one is told to stop, one is gone."""
    told = {"deletionTimestamp": "2026-11-25T00:00:00Z"}
    seen = [("ADDED", "a", {}), ("ADDED", "b", {}), ("ADDED", "c", {}), ("MODIFIED", "b", told), ("DELETED", "c", told)]
    lines = [{"type": kind, "object": {"metadata": {"name": name, **more}}} for kind, name, more in seen]
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(map(json.dumps, lines)) + "\nEND\nexec sleep 60\n")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    began = time.monotonic()
    with Pods() as pods:
        assert set(pods.lives) == {"a", "b", "c"}
        assert pods.running() == ["a"]
        with pytest.raises(AssertionError, match="a, b"):
            pods.wait_for_none(0.1)
        alive, terminating = pods.seconds(began, time.monotonic())
    assert 0 < terminating < alive


def test_a_watch_that_has_ended_says_nothing_of_pods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\nexit 1\n")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Pods() as pods, pytest.raises(AssertionError, match="does not watch"):
        pods.wait_for_none(0.1)
