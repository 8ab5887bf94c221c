"""``task new:model NAME``: the files of a new definition, which pass the tests as they stand."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from string import Template

_REPOSITORY = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 40  # a Service's name has to fit a DNS label, beside what Knative puts behind it

_MODULE = Template('''"""$title: say here what it learns, and whose idea it is. Off by default."""

from __future__ import annotations

from river import linear_model

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

RATE = 0.05


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. Give every random draw a seed: two builds have to be equal to the last bit."""
    learner = linear_model.PARegressor(C=RATE, mode=1)
    return Anchored(learner, season)


# Raise the revision with every change of what the model computes.
DEFINITION = Definition("$name", build, revision=1)
''')

_VARIANT = Template("""apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../model]
nameSuffix: -$dashed
patches:
  - target: {kind: Service}
    patch: |-
      - {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: $name}
""")

_COMPONENT = Template("""# One more model: its Service, its Trigger, and its name for the ledger.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
  - ../../models/$dashed
  - triggers.yaml
patches:
  - target: {kind: ConfigMap, name: rivulet}
    patch: |-
      - {op: add, path: /data/MODELS_$upper, value: $name}
""")

_TRIGGERS = Template("""apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: model-$dashed, annotations: {rivulet.dev/wakes: dev.rivulet.tick.v1}}
spec:
  broker: default
  filters: [{any: [{exact: {type: dev.rivulet.tick.v1}}, {exact: {type: dev.rivulet.features.v1}}]}]
  subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: model-$dashed}}
  delivery: {retry: 10, backoffPolicy: exponential, backoffDelay: PT0.2S, timeout: PT30S}
""")

_TEST = Template('''"""$title: what is its own; what every definition has to stand is in test_conformance.py."""

from __future__ import annotations

from rivulet_evaluation.folding import fold

VALUES = [100 + k + (0.0, 20.0, -5.0, 3.0)[k % 4] for k in range(80)]


def test_a_season_on_a_slope_is_learned() -> None:
    track = fold("$name", VALUES, 15, None)
    errors = [abs(value - (said or 0.0)) for value, said in zip(VALUES, track.predictions, strict=True)]
    assert sum(errors[40:]) / 40 < 5
    assert track.fallbacks == 0
''')

_OVERLAY = "knative/overlays/all-models/kustomization.yaml"


class NewModelError(Exception):
    """The files cannot be written; the sentence says why."""


def write(root: Path, name: str) -> list[Path]:
    """Write the files of a definition.

    Returns
    -------
    list of Path
        What was written or changed, below `root`.

    Raises
    ------
    NewModelError
        If the name cannot be one, or is taken.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise NewModelError(
            f"NAME has to be up to {_LONGEST} lower-case letters, digits and single underscores, not {name!r}."
        )
    dashed = name.replace("_", "-")
    told = {"name": name, "dashed": dashed, "upper": name.upper(), "title": name.replace("_", " ").capitalize()}
    files = {
        f"functions/rivulet/models/{name}.py": _MODULE,
        f"knative/models/{dashed}/kustomization.yaml": _VARIANT,
        f"knative/components/{dashed}/kustomization.yaml": _COMPONENT,
        f"knative/components/{dashed}/triggers.yaml": _TRIGGERS,
        f"tests/unit/models/test_{name}.py": _TEST,
    }
    for path in files:
        if (root / path).exists():
            raise NewModelError(f"NAME is taken: {path} exists.")
    for path, template in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(template.substitute(told), "utf-8")
    with (root / _OVERLAY).open("a", encoding="utf-8") as overlay:
        overlay.write(f"  - ../../components/{dashed}\n")
    return [Path(path) for path in (*files, _OVERLAY)]


def main(arguments: list[str] | None = None) -> int:
    """Write the files and say what is next; return the exit code."""
    parser = argparse.ArgumentParser(prog="task new:model", description="Write the files of a new model.")
    parser.add_argument("name", metavar="NAME", help="such as passive_aggressive: the definition's and module's name")
    name = parser.parse_args(arguments).name
    try:
        written = write(_REPOSITORY, name)
    except NewModelError as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(path)
    dashed = name.replace("_", "-")
    print("It runs with MODELS=all. Elsewhere a line in an overlay switches it on, below `components:`:")
    print(f"  - ../../components/{dashed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
