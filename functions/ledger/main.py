"""The function `ledger`."""

from rivulet import web
from rivulet.handlers.ledger import LedgerHandler
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.telemetry import Telemetry

settings = Settings.from_environment()
store = Store(settings.redis_url)
telemetry = Telemetry(store, settings.service)
handle = web.function(settings, LedgerHandler(settings, store), telemetry)
