"""The function `features`."""

import atexit

from rivulet import web
from rivulet.handlers.features import FeaturesHandler
from rivulet.settings import Settings
from rivulet.store import Store

settings = Settings.from_environment()
handler = FeaturesHandler(settings, Store(settings.redis_url))
atexit.register(handler.close)
handle = web.function(settings, handler)
