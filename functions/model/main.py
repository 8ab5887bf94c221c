"""The function `model`: MODEL_NAME says which."""

import atexit

from rivulet import web
from rivulet.handlers.model import ModelHandler
from rivulet.settings import Settings
from rivulet.store import Store

settings = Settings.from_environment()
handler = ModelHandler(settings, Store(settings.redis_url))
atexit.register(handler.close)
handle = web.function(settings, handler)
