"""The embedded platform as a process of its own, with the lossy way in it; ends with SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

from rivulet_local.platform import Platform
from rivulet_local.settings import LocalSettings

_MANIFESTS = Path(__file__).parent / "manifests"


async def main() -> None:
    """Run until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = LocalSettings.from_environment()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Platform(settings, knative_root=_MANIFESTS / "knative", eventing_root=_MANIFESTS / "eventing"):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
