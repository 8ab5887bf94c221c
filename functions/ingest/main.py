"""The function `ingest`."""

from pathlib import Path

from rivulet import dataset
from rivulet.function import serve
from rivulet.handlers.ingest import IngestHandler
from rivulet.settings import Settings
from rivulet.store import Store


def make(settings: Settings, store: Store) -> IngestHandler:
    """Make the handler of the data set that the settings name."""
    return IngestHandler(settings, store, dataset.read(Path(__file__).parent / settings.dataset))


handle = serve(make)
