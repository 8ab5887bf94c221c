"""The function `features`."""

from rivulet.function import serve
from rivulet.handlers.features import FeaturesHandler

handle = serve(FeaturesHandler)
