"""What the platform reads out of the manifests."""

import shutil
from pathlib import Path

import pytest

from rivulet.events import TICK
from rivulet_local.environment import function_environment
from rivulet_local.errors import ManifestError
from rivulet_local.manifests import Manifests, Target, load_manifests, with_patience

REPOSITORY = Path(__file__).parents[2]
OWN = Path(__file__).parent / "manifests"
MODELS = {"model-linear", "model-bagging", "model-knn", "model-amfr"}


@pytest.fixture(scope="module")
def deployed() -> Manifests:
    return load_manifests(REPOSITORY / "knative" / "overlays" / "dev", REPOSITORY / "eventing")


def test_the_routing_table(deployed: Manifests) -> None:
    def receivers(kind: str) -> set[str]:
        attributes = {"type": f"dev.rivulet.{kind}.v1"}
        return {each.target.service for each in deployed.triggers if each.passes(attributes)}

    assert receivers("tick") == {"ingest", "features", "ledger"} | MODELS
    assert receivers("observation") == {"features"}
    assert receivers("features") == MODELS
    assert receivers("prediction") == {"ledger"}
    assert receivers("unknown") == set()


def test_a_tick_wakes_whom_it_does_not_ask_for_anything(deployed: Manifests) -> None:
    everyone = {"features", "ledger"} | MODELS
    assert {each.name: each.wakes for each in deployed.triggers if each.wakes} == dict.fromkeys(everyone, TICK)


def test_each_delivery_ends_at_the_ledger(deployed: Manifests) -> None:
    assert {each.delivery.sink for each in deployed.triggers} == {Target("ledger", "/deadletters")}
    retries = {each.name: each.delivery.backoff.retries for each in deployed.triggers}
    assert retries.pop("features") == 20
    assert set(retries.values()) == {10}


def test_a_reply_has_less_time_than_what_it_answers(deployed: Manifests) -> None:
    """With in-memory channels a delivery lasts as long as its reply's own way: the outer one has to end last."""
    seconds = {each.name: each.delivery.timeout for each in deployed.triggers}
    assert seconds["ingest"] > seconds["features"] > max(seconds[name] for name in MODELS)


def test_one_model_service_has_four_variants(deployed: Manifests) -> None:
    names = {name: deployed.services[name].settings["MODEL_NAME"] for name in MODELS}
    assert names == {
        "model-linear": "linear_regression",
        "model-bagging": "bagging_regressor",
        "model-knn": "knn_regressor",
        "model-amfr": "amf_regressor",
    }


def test_who_wins_in_a_function_s_environment(deployed: Manifests) -> None:
    environment = function_environment(
        deployed.services["model-knn"],
        user={
            "PATH": "/bin",
            "PRIVATE": "x",
            "https_proxy": "http://proxy",
            "no_proxy": "example.org",
            "N_LAGS": "20",
            "SEASON": "7",
            "MODEL_NAME": "other",
            "REDIS_URL": "redis://elsewhere",
            "FUNCTION_TARGET": "other",
        },
        overrides={"SEASON": "24"},
        secret={"snapshot-key": "k", "redis-password": "p"},
        platform={"REDIS_URL": "redis://here", "BROKER_URL": "http://here"},
    )
    assert environment["PATH"] == "/bin"
    assert "PRIVATE" not in environment
    assert (environment["https_proxy"], environment["NO_PROXY"]) == ("http://proxy", "example.org,127.0.0.1")
    assert (environment["N_LAGS"], environment["SEASON"]) == ("20", "24")
    assert (environment["MODEL_NAME"], environment["FUNCTION_TARGET"]) == ("knn_regressor", "handle")
    assert (environment["REDIS_URL"], environment["BROKER_URL"]) == ("redis://here", "http://here")
    assert (environment["SNAPSHOT_KEY"], environment["K_SERVICE"]) == ("k", "model-knn")
    assert environment["K_REVISION"] == "model-knn-00001"


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("eventing/broker.yaml", "timeout: PT1S", "retryAfterMax: PT1S", "'retryAfterMax'"),
        ("eventing/broker.yaml", "timeout: PT1S", "timeout: 1s", "timeout"),
        ("eventing/broker.yaml", "exponential", "random", "backoffPolicy"),
        ("eventing/broker.yaml", "name: sink", "name: nobody", "nobody"),
        ("eventing/triggers.yaml", "{exact: {type: t.plain}}", "{cesql: 'TRUE'}", "'cesql'"),
        ("eventing/triggers.yaml", "rivulet.dev/wakes: t.wake", "rivulet.dev/wakes: t.sleep", "rivulet.dev/wakes"),
        ("eventing/triggers.yaml", "broker: default", "broker: other", "no Broker other"),
        ("knative/alpha.yaml", 'window: "60s"', 'window: "soon"', "window"),
        ("knative/alpha.yaml", 'window: "60s"', 'min-scale: "1"', "min-scale"),
        ("knative/alpha.yaml", "configMapRef: {name: recipe}", "configMapRef: {name: nothing}", "nothing"),
        ("knative/alpha.yaml", "- configMapRef", "- secretRef", "'secretRef'"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, file: str, old: str, new: str, named: str) -> None:
    shutil.copytree(OWN, tmp_path, dirs_exist_ok=True)
    path = tmp_path / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ManifestError, match=named):
        load_manifests(tmp_path / "knative", tmp_path / "eventing")


def test_one_machine_has_more_patience_than_a_cluster(deployed: Manifests) -> None:
    patient = with_patience(deployed)
    assert {name: spec.window for name, spec in patient.services.items()} == {
        name: spec.window for name, spec in deployed.services.items()
    }
    assert min(spec.timeout for spec in patient.services.values()) == 40
    assert patient.services["ledger"].settings["LONGEST_WAIT"] == "30s"
    assert patient.triggers == deployed.triggers
