"""The function `ledger`."""

from rivulet import web
from rivulet.handlers.ledger import LedgerHandler
from rivulet.settings import Settings
from rivulet.store import Store

settings = Settings.from_environment()
handle = web.function(settings, LedgerHandler(settings, Store(settings.redis_url)))
