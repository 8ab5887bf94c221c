"""The clock of the embedded mode: a tick into the Broker at each interval."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid
from datetime import UTC, datetime

from rivulet.straight import in_task
from rivulet_local.broker import Broker, QueueFull
from rivulet_local.cloudevent import Event
from rivulet_local.errors import QueueUnavailable

log = logging.getLogger(__name__)


def tick() -> Event:
    """Return a new tick, which asks for the next observation of the data set."""
    return Event(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "/rivulet/ticker",
            "type": "dev.rivulet.tick.v1",
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
            "datacontenttype": "application/json",
        },
        b'{"source":"csv"}',
    )


async def tick_on(broker: Broker, interval: float) -> None:
    """Send a tick to the Broker at each interval, until cancelled."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += interval
        await asyncio.sleep(due - loop.time())
        try:
            await in_task(broker.publish(tick()))
        except (QueueFull, QueueUnavailable):
            log.warning("a tick is left out: the Broker's queue does not take it")
