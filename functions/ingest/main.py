"""The function `ingest`."""

from pathlib import Path

from rivulet import dataset, web
from rivulet.handlers.ingest import IngestHandler
from rivulet.settings import Settings
from rivulet.store import Store

settings = Settings.from_environment()
rows = dataset.read(Path(__file__).parent / settings.dataset)
handle = web.function(settings, IngestHandler(settings, Store(settings.redis_url), rows))
