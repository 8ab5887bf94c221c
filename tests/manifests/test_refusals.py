"""The check of the manifests refuses what a cluster would refuse: each case breaks a copy of them on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rivulet_local.kustomize import render
from tests.manifests import routing
from tests.manifests.check import check
from tests.manifests.rendering import REPOSITORY, Object, render_and_lint

FOLDERS = ("knative", "eventing", "argo")


def copied(into: Path, *folders: str) -> Path:
    """Return a folder with a copy of some of the manifests."""
    for name in folders:
        shutil.copytree(REPOSITORY / name, into / name)
    return into


@pytest.fixture(scope="module")
def services() -> list[Object]:
    """Return what the development overlay renders to."""
    return render(REPOSITORY / "knative" / "overlays" / "dev")


def test_the_manifests_as_they_are_have_no_problem(tmp_path: Path) -> None:
    checked = check(copied(tmp_path, *FOLDERS))
    assert checked.problems == []
    assert {"knative/overlays/dev", "knative/overlays/prod", "eventing", "argo"} < set(checked.objects)
    assert sum(folder.startswith(".components-") for folder in checked.objects) == 7


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("eventing/broker.yaml", "backoffDelay", "backofDelay", 'unknown field "backofDelay"'),
        ("eventing/triggers.yaml", "retry: 20", "retry: 20, retryAfterMax: PT1S", "spec.delivery.retryAfterMax"),
        ("eventing/triggers.yaml", "backoffDelay: PT0.2S", "backoffDelay: 200ms", "backoffDelay"),
        ("knative/base/ingest.yaml", 'window: "6s"', 'window: "5s"', "autoscaling.knative.dev/window"),
        ("knative/base/ingest.yaml", "name: THREADS", "name: PORT", '"PORT" is a reserved environment variable'),
        ("knative/base/ledger.yaml", "readinessProbe:", "livenessProbe:", "no readinessProbe by HTTP"),
        (
            "knative/base/ledger.yaml",
            "readinessProbe:",
            "startupProbe: {tcpSocket: {port: 8080}}\n          readinessProbe:",
            "a startupProbe delays",
        ),
        ("knative/base/ledger.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "Pod Security refuses it"),
        ("knative/base/ledger.yaml", 'drop: ["ALL"]', 'add: ["NET_ADMIN"]', "Pod Security refuses it"),
        ("knative/base/ledger.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRoot"),
        ("knative/redis/statefulset.yaml", "  replicas: 1", "  replica: 1", "StatefulSet redis"),
        ("knative/redis/statefulset.yaml", "redis:8.2-alpine", "redis:latest", "no fixed tag"),
        ("knative/platform/kustomization.yaml", "resources:", "commonLabels: {a: b}\nresources:", "Kustomize warns"),
        ("knative/network/deny.yaml", "podSelector", "podSelecter", "NetworkPolicy deny"),
        ("argo/minute.yaml", 'schedules: ["* * * * *"]', 'schedule: "* * * * *"', 'unknown field "spec.schedule"'),
        ("argo/minute.yaml", "template: observation", "template: observed", "observed"),
        ("argo/minute.yaml", "{{inputs.parameters.model}}", "{{inputs.parameters.modell}}", "modell"),
        ("argo/minute.yaml", "- {name: ce-id", "- # here\n            - {name: ce-id", "says null somewhere"),
        ("argo/replay.yaml", "strategy: OnPodCompletion", "strategie: Always", 'unknown field "spec.podGC.strategie"'),
    ],
)
def test_what_a_cluster_would_refuse_is_refused(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    root = copied(tmp_path, file.partition("/")[0])
    change(root / file, old, new)
    problems = check(root).problems
    assert any(problem in found for found in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Service, name: ledger}}", "Service, name: features}}", "the Triggers loop"),
        (
            "exact: {type: dev.rivulet.observation.v1}",
            "exact: {type: dev.rivulet.observations.v1}",
            "no function knows",
        ),
        ("Service, name: model-knn}}", "Service, name: model-nearest}}", "there is no function 'model-nearest'"),
        ("filters: [{exact: {type: dev.rivulet.tick.v1}}]", "filters: []", "one exact type"),
        ("exact: {type: dev.rivulet.features.v1}", "exact: {type: dev.rivulet.prediction.v1}", "the Triggers loop"),
        ("broker: default", "broker: other", "there is no Broker 'other'"),
        (", timeout: PT30S", "", "says no timeout"),
    ],
)
def test_a_routing_table_that_would_not_work_is_refused(
    tmp_path: Path, services: list[Object], old: str, new: str, problem: str
) -> None:
    root = copied(tmp_path, "eventing")
    change(root / "eventing" / "triggers.yaml", old, new)
    found = routing.problems(services, render_and_lint(root).objects["eventing"])
    assert any(problem in each for each in found), found


def change(path: Path, old: str, new: str) -> None:
    """Replace a text wherever it is in a file; it has to be there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
