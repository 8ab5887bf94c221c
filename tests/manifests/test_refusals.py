"""The check of the manifests refuses what a cluster would refuse: each case breaks a copy of them on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.manifests.check import check
from tests.manifests.rendering import REPOSITORY

FOLDERS = ("knative", "eventing", "argo")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the manifests."""
    for name in FOLDERS:
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    return tmp_path


def test_the_manifests_as_they_are_have_no_problem(copied: Path) -> None:
    checked = check(copied)
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
        ("argo/replay.yaml", "strategy: OnPodCompletion", "strategie: Always", 'unknown field "spec.podGC.strategie"'),
    ],
)
def test_what_a_cluster_would_refuse_is_refused(copied: Path, file: str, old: str, new: str, problem: str) -> None:
    change(copied / file, old, new)
    assert any(problem in found for found in check(copied).problems), check(copied).problems


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
        ("filters: [{exact: {type: dev.rivulet.features.v1}}]", "filters: []", "one exact type"),
        ("filters: [{exact: {type: dev.rivulet.features.v1}}]", "filters: []", "the Triggers loop"),
        ("broker: default", "broker: other", "there is no Broker 'other'"),
        (", timeout: PT10S", "", "says no timeout"),
    ],
)
def test_a_routing_table_that_would_not_work_is_refused(copied: Path, old: str, new: str, problem: str) -> None:
    change(copied / "eventing" / "triggers.yaml", old, new)
    assert any(problem in found for found in check(copied).problems), check(copied).problems


def change(path: Path, old: str, new: str) -> None:
    """Replace a text wherever it is in a file; it has to be there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
