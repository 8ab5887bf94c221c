"""The function `features`."""

import atexit

from rivulet import web
from rivulet.handlers.features import FeaturesHandler
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.telemetry import Telemetry

settings = Settings.from_environment()
store = Store(settings.redis_url)
telemetry = Telemetry(store, settings.service)
handler = FeaturesHandler(settings, store)
atexit.register(handler.close)
handle = web.function(settings, handler, telemetry)
