"""What the folder `observability/` renders to: restricted pods, pinned images, no password, few labels of logs."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.rendering import render
from tests.observability.boards import BOARDS

FOLDER = Path(__file__).resolve().parents[2] / "observability"


@functools.cache
def rendered() -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = render(FOLDER)
    return objects


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [each for each in rendered() if each["kind"] in kinds]


WORKLOADS = ("rivulet-exporter", "prometheus", "grafana", "loki", "alloy")


def pod(name: str) -> dict[str, Any]:
    (found,) = [each for each in of_kind("Deployment", "StatefulSet") if each["metadata"]["name"] == name]
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_is_restricted_and_bounded(name: str) -> None:
    spec = pod(name)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec.get("automountServiceAccountToken", True) is (name == "alloy")
    (container,) = spec["containers"]
    own = container["securityContext"]
    assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert container["readinessProbe"]
    image, _, tag = container["image"].rpartition(":")
    assert image.startswith("dev.local/") or re.fullmatch(r"v?\d+\.\d+\.\d+", tag), "an image that is not pinned"


@pytest.mark.parametrize("name", WORKLOADS)
def test_volumes_are_of_config_maps_that_are_there(name: str) -> None:
    maps = {each["metadata"]["name"]: set(each["data"]) for each in of_kind("ConfigMap")}
    for volume in pod(name).get("volumes", ()):
        if "configMap" in volume:
            source = volume["configMap"]
            assert {item["key"] for item in source.get("items", ())} <= maps[source["name"]]


def test_no_secret_and_no_password_is_rendered() -> None:
    assert of_kind("Secret") == []
    for workload in of_kind("Deployment", "StatefulSet"):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            for variable in container.get("env", ()):
                if "PASSWORD" in variable["name"]:
                    assert variable["valueFrom"].keys() == {"secretKeyRef"}
    settings = {each["name"]: each.get("value") for each in pod("grafana")["containers"][0]["env"]}
    assert settings["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_grafana_is_given_every_dashboard() -> None:
    (kept,) = [each for each in of_kind("ConfigMap") if each["metadata"]["name"].startswith("grafana-dashboards")]
    assert {Path(name).stem: json.loads(text) for name, text in kept["data"].items()} == BOARDS


def test_the_exporter_reads_redis_and_is_where_prometheus_looks() -> None:
    labels = next(each for each in of_kind("Deployment") if each["metadata"]["name"] == "rivulet-exporter")
    assert labels["spec"]["template"]["metadata"]["labels"]["rivulet.dev/reads"] == "redis"
    (group,) = yaml.safe_load((FOLDER / "prometheus" / "targets" / "exporter.yml").read_text("utf-8"))
    host, port = group["targets"][0].split(":")
    (service,) = [each for each in of_kind("Service") if each["metadata"]["name"] == host.split(".")[0]]
    assert service["metadata"]["namespace"] == host.split(".")[1]
    assert service["spec"]["ports"][0]["port"] == int(port)


def test_alloy_may_read_logs_of_the_functions_and_nothing_else() -> None:
    assert of_kind("ClusterRole", "ClusterRoleBinding") == []
    (role,) = of_kind("Role")
    assert role["metadata"]["namespace"] == "ml-services"
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"pods", "pods/log"}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_alloy_keeps_labels_few() -> None:
    text = (FOLDER / "alloy" / "config.alloy").read_text("utf-8")
    (kept,) = re.findall(r"stage\.label_keep \{\s*values = \[([^\]]*)\]", text)
    assert json.loads(f"[{kept}]") == ["namespace", "service", "level"]


def test_loki_is_one_process_with_an_end_to_what_it_keeps() -> None:
    config = yaml.safe_load((FOLDER / "loki" / "loki.yaml").read_text("utf-8"))
    (schema,) = config["schema_config"]["configs"]
    assert (schema["store"], schema["schema"], schema["object_store"]) == ("tsdb", "v13", "filesystem")
    assert schema["index"]["period"] == "24h"  # the only one that retention works with
    assert config["compactor"]["retention_enabled"] is True
    assert config["compactor"]["delete_request_store"] == schema["object_store"]
    assert config["limits_config"]["retention_period"] == "336h"
    assert config["analytics"]["reporting_enabled"] is False
    written = [
        config["common"]["path_prefix"],
        config["ingester"]["wal"]["dir"],
        config["compactor"]["working_directory"],
    ]
    assert all(path.startswith("/loki") for path in written)


def test_a_desk_reaches_it_where_k3d_listens(tmp_path: Path) -> None:
    assert all(each["spec"].get("type", "ClusterIP") == "ClusterIP" for each in of_kind("Service"))
    folder = os.path.relpath(FOLDER, tmp_path)
    text = {"resources": [folder], "components": [f"{folder}/components/desk"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(text), "utf-8")
    objects = render(tmp_path)
    ports = {
        each["metadata"]["name"]: each["spec"]["ports"][0]["port"]
        for each in objects
        if each["kind"] == "Service" and each["spec"].get("type") == "LoadBalancer"
    }
    assert ports == {"grafana": 3000, "prometheus": 9090, "loki": 3100}
    tasks = (FOLDER.parent / "knative" / "cluster" / "Taskfile.yml").read_text("utf-8")
    assert set(map(str, ports.values())) < set(re.findall(r"-p 127\.0\.0\.1:(\d+):\1@loadbalancer", tasks))
    (policy,) = [each for each in objects if each["metadata"]["name"] == "from-load-balancer"]
    (rule,) = policy["spec"]["ingress"]
    assert {each["port"] for each in rule["ports"]} == set(ports.values())
    (asked,) = policy["spec"]["podSelector"]["matchExpressions"]
    assert set(asked["values"]) == ports.keys()
