"""What an overlay changes fits together."""

from __future__ import annotations

import re

import pytest

from tests.manifests.rendering import REPOSITORY, render

UNITS = {"Mi": 2**20, "Gi": 2**30, "mb": 2**20, "gb": 2**30}


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


@pytest.mark.parametrize("overlay", ["dev", "staging", "prod"])
def test_redis_may_hold_half_of_its_limit_and_write_it_five_times(overlay: str) -> None:
    objects = render(REPOSITORY / "knative" / "overlays" / overlay)
    (stateful,) = [each for each in objects if each["kind"] == "StatefulSet"]
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    (configuration,) = [each["data"]["redis.conf"] for each in objects if "redis.conf" in each.get("data", {})]
    # Redis takes its arguments as further lines of the file, and the last one counts.
    said = f"{configuration} {' '.join(container.get('args', []))}"
    most = size(re.findall(r"maxmemory (\w+)", said)[-1])
    assert size(container["resources"]["limits"]["memory"]) == 2 * most
    (claim,) = stateful["spec"]["volumeClaimTemplates"]
    assert size(claim["spec"]["resources"]["requests"]["storage"]) >= 5 * most
