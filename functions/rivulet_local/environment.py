"""The environment that a function is started with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rivulet_local.errors import ManifestError
from rivulet_local.manifests import ServiceSpec

# What a process needs of the machine it runs on; nothing else of the caller's environment reaches a function.
_INHERITED = re.compile(
    r"PATH|HOME|LANG|TMPDIR|TZ|VIRTUAL_ENV|(?:SSL|LD|DYLD|LC|OTEL)_\w+|REQUESTS_CA_BUNDLE|PYTHONHASHSEED|"
    r"(?i:https?_proxy|all_proxy|no_proxy)"
)
# Which function a process is cannot be changed from outside.
_IDENTITY = re.compile(r"FUNCTION_\w+|MODEL_NAME|SERVICE")


def function_environment(
    spec: ServiceSpec,
    *,
    user: Mapping[str, str],
    overrides: Mapping[str, str],
    secret: Mapping[str, str],
    platform: Mapping[str, str],
) -> dict[str, str]:
    """Put a function's environment together; what comes later wins.

    Parameters
    ----------
    spec
        The function, with the settings that its manifest names.
    user
        The caller's environment: wins for settings that the manifest names.
    overrides
        Settings that win over what the caller has set.
    secret
        The Secret's keys and values.
    platform
        Addresses that only the platform knows.

    Raises
    ------
    ManifestError
        If the manifest asks for a key that the Secret does not have.
    """
    environment = {name: value for name, value in user.items() if _INHERITED.fullmatch(name)}
    # The platform's own addresses are never asked for through a proxy.
    direct = [value for name in ("no_proxy", "NO_PROXY") if (value := environment.pop(name, ""))]
    environment["NO_PROXY"] = ",".join([*direct, "127.0.0.1"])
    environment.update(spec.settings)
    for name in spec.settings:
        if name in user and not _IDENTITY.fullmatch(name):
            environment[name] = user[name]
    environment.update(overrides)
    environment.update(platform)
    for name, key in spec.secrets.items():
        if key not in secret:
            raise ManifestError(f"Service {spec.name}: the Secret has no key {key}, which {name} asks for.")
        environment[name] = secret[key]
    return {
        **environment,
        "K_SERVICE": spec.name,
        "K_CONFIGURATION": spec.name,
        "K_REVISION": f"{spec.name}-00001",
    }
