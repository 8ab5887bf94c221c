"""The function `model`: MODEL_NAME says which."""

from rivulet.function import serve
from rivulet.handlers.model import ModelHandler

handle = serve(ModelHandler)
