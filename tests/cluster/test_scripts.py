"""What the cluster's tasks stand on: what is missing is named first, no file is unknown, what is applied is whole."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.manifests.rendering import REPOSITORY, Object, render

CLUSTER = REPOSITORY / "knative" / "cluster"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a copy of the scripts, and a file to fetch."""
    shutil.copytree(CLUSTER, tmp_path / "knative" / "cluster")
    (tmp_path / "release.yaml").write_text("kind: List\n")
    return tmp_path


def run(checkout: Path, script: str, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": str(checkout / "none"), **({"PATH": path} if path else {})}
    command = ["/bin/bash", str(checkout / "knative" / "cluster" / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=checkout, env=environment)


@pytest.fixture
def programs(checkout: Path) -> Path:
    """Return a folder for programs that are found before all others."""
    (checkout / "programs").mkdir()
    return checkout / "programs"


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


def path(programs: Path) -> str:
    return f"{programs}:{os.environ['PATH']}"


def fetch(checkout: Path) -> subprocess.CompletedProcess[str]:
    return run(checkout, "fetch.sh", "release-v1.yaml", f"file://{checkout}/release.yaml")


def test_everything_that_is_missing_is_named_at_once(checkout: Path) -> None:
    done = run(checkout, "needs.sh", "docker", "k3d", "kubectl", "knative", path="/nowhere")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["missing"] * 4
    assert "https://k3d.io/#installation" in done.stderr
    assert "task cluster:install" in done.stderr


@pytest.mark.parametrize(("minor", "missing"), [("33", 1), ("34", 0), ("35+", 0)])
def test_a_cluster_that_is_too_old_is_named(checkout: Path, programs: Path, minor: str, missing: int) -> None:
    version = json.dumps({"major": "1", "minor": minor, "emulationMinor": "1"}, indent=2)
    program(programs, "kubectl", f"echo '{version}'")
    done = run(checkout, "needs.sh", "cluster", path=path(programs))
    assert (done.returncode, "this cluster has 1.33" in done.stderr) == (missing, bool(missing))


@pytest.mark.parametrize(
    ("context", "said", "status"), [("k3d-rivulet", "", 0), ("k3d-other", "", 1), ("k3d-other", "1", 0), ("", "", 1)]
)
def test_a_desk_is_known_by_its_name_or_by_word(
    checkout: Path, programs: Path, context: str, said: str, status: int
) -> None:
    program(programs, "kubectl", f"echo {context}")
    assert run(checkout, "desk.sh", said, path=path(programs)).returncode == status


def test_a_file_is_held_to_the_checksum_of_its_first_time(checkout: Path) -> None:
    first = fetch(checkout)
    digest = hashlib.sha256(b"kind: List\n").hexdigest()
    assert (first.returncode, "commit it" in first.stderr) == (0, True)
    assert f"{digest}  release-v1.yaml\n" in (checkout / "knative" / "cluster" / "checksums.txt").read_text()
    again = fetch(checkout)
    assert (again.returncode, again.stderr) == (0, "")
    shutil.rmtree(checkout / ".tools")
    (checkout / "release.yaml").write_text("kind: Changed\n")
    changed = fetch(checkout)
    assert (changed.returncode, "is not the file that was there" in changed.stderr) == (1, True)
    assert not list((checkout / ".tools").rglob("release*"))


def test_the_secret_is_new_each_time_and_has_what_the_functions_ask_for() -> None:
    made = [subprocess.check_output([sys.executable, CLUSTER / "secret.py"], text=True) for _ in range(2)]
    first, second = (json.loads(each)["stringData"] for each in made)
    assert set(first) == {"snapshot-key", "redis-password"}
    assert all(first[key] != second[key] and len(base64.b16decode(first[key].upper())) == 32 for key in first)


@pytest.fixture
def deployment(checkout: Path, programs: Path) -> Path:
    """Return a checkout with all that is deployed; kubectl has no cluster, Docker has built every image."""
    for folder in ("knative", "eventing"):
        shutil.copytree(REPOSITORY / folder, checkout / folder, dirs_exist_ok=True)
    program(programs, "kubectl", "cat overlay.yaml")
    program(programs, "docker", "echo sha256:built")
    return checkout


def prepare(deployment: Path, overlay: str, *broker: str) -> subprocess.CompletedProcess[str]:
    objects = render(deployment / "knative" / "overlays" / overlay)
    (deployment / "overlay.yaml").write_text(yaml.safe_dump_all(objects))
    return run(deployment, "prepare.sh", overlay, *broker, path=path(deployment / "programs"))


def applied(deployment: Path, part: str, kind: str) -> list[Object]:
    objects = render(deployment / ".tools" / "deploy" / part)
    return [each for each in objects if each["kind"] == kind and each["apiVersion"] != "v1"]


def annotated(item: Object) -> dict[str, str]:
    found: dict[str, str] = item["spec"]["template"]["metadata"].get("annotations", {})
    return found


@pytest.mark.parametrize("overlay", ["dev", "all-models"])
def test_an_image_that_was_built_anew_makes_new_revisions(deployment: Path, overlay: str) -> None:
    assert prepare(deployment, overlay).returncode == 0
    services = applied(deployment, "functions", "Service")
    assert {annotated(each)["rivulet.dev/image"] for each in services} == {"sha256:built"}


def test_redis_is_started_anew_with_another_configuration(deployment: Path) -> None:
    prepare(deployment, "dev")
    (redis,) = applied(deployment, "functions", "StatefulSet")
    configuration = yaml.safe_load((deployment / "knative" / "redis" / "config.yaml").read_text())["data"]["redis.conf"]
    assert annotated(redis)["rivulet.dev/redis.conf"] == configuration


@pytest.mark.parametrize("overlay", ["staging", "prod"])
def test_an_overlay_that_names_no_image_is_refused(deployment: Path, overlay: str) -> None:
    done = prepare(deployment, overlay)
    assert (done.returncode, "names no image yet" in done.stderr) == (1, True)


def test_a_published_image_and_a_redis_elsewhere_are_left_as_they_are(deployment: Path) -> None:
    file = deployment / "knative" / "overlays" / "staging" / "kustomization.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["images"][0]["newName"] = "images.example.org/rivulet"
    settings["components"].append("../../components/external-redis")
    file.write_text(yaml.safe_dump(settings))
    assert prepare(deployment, "staging").returncode == 0
    assert not any("rivulet.dev/image" in annotated(each) for each in applied(deployment, "functions", "Service"))
    assert applied(deployment, "functions", "StatefulSet") == []


def test_kafka_s_broker_orders_every_trigger(deployment: Path) -> None:
    assert prepare(deployment, "all-models", "kafka").returncode == 0
    (broker,) = applied(deployment, "events", "Broker")
    assert broker["metadata"]["annotations"]["eventing.knative.dev/broker.class"] == "Kafka"
    triggers = [each for part in ("functions", "events") for each in applied(deployment, part, "Trigger")]
    orders = [each["metadata"]["annotations"]["kafka.eventing.knative.dev/delivery.order"] for each in triggers]
    assert (len(orders), set(orders)) == (10, {"ordered"})
