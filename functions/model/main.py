"""The function `model`: MODEL_NAME says which."""

import atexit

from rivulet import web
from rivulet.handlers.model import ModelHandler
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.telemetry import Telemetry

settings = Settings.from_environment()
store = Store(settings.redis_url)
telemetry = Telemetry(store, settings.service)
handler = ModelHandler(settings, store)
atexit.register(handler.close)
handle = web.function(settings, handler, telemetry)
