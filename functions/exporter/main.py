"""The exporter: started as ``python -m exporter.main``, no function, never at zero."""

from rivulet.exporter.server import serve
from rivulet.settings import Settings
from rivulet.store import Store

settings = Settings.from_environment()

if __name__ == "__main__":
    serve(settings, Store(settings.redis_url), settings.exporter_host)
