"""The function `ingest`."""

from pathlib import Path

from rivulet import dataset, web
from rivulet.handlers.ingest import IngestHandler
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.telemetry import Telemetry

settings = Settings.from_environment()
store = Store(settings.redis_url)
telemetry = Telemetry(store, settings.service)
rows = dataset.read(Path(__file__).parent / settings.dataset)
handle = web.function(settings, IngestHandler(settings, store, rows), telemetry)
