"""Runs a platform with the manifests and functions of these tests, as ``up`` does."""

import asyncio
import logging
import os
import sys
from pathlib import Path

from rivulet_local.commands import serve
from rivulet_local.errors import PlatformError
from rivulet_local.platform import Platform
from rivulet_local.settings import LocalSettings

HERE = Path(__file__).parent


def main() -> int:
    """Start it and keep it running until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        platform = Platform(
            LocalSettings.from_environment(),
            {"RECORD": os.environ["RECORDS"]},
            knative_root=HERE / "manifests" / "knative",
            eventing_root=HERE / "manifests" / "eventing",
            functions_root=HERE / "functions",
            legacy_ports={"alpha": int(os.environ.get("ALPHA_PORT", "0"))},
        )
        return asyncio.run(serve(platform))
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1


sys.exit(main())
