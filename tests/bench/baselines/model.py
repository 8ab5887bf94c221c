"""The service *in-memory*: predicts and learns in the process's memory, and forgets on restart."""

import os

from fastapi import FastAPI
from pydantic import BaseModel

from rivulet.accuracy import Accuracy
from rivulet.models import Regressor, definition

app = FastAPI()
_definition = definition(os.environ["MODEL_NAME"])
_models: dict[str, tuple[Regressor, Accuracy]] = {}


class Lesson(BaseModel):
    """What predict_learn takes."""

    features: dict[str, float]
    target: float
    series_id: str = "default"


@app.post("/predict_learn")
async def predict_learn(lesson: Lesson) -> dict[str, float | str | int]:
    """Predict, learn, and keep the rolling metrics, as the earlier platform's service does."""
    if lesson.series_id not in _models:
        _models[lesson.series_id] = (_definition.build(), Accuracy())
    model, accuracy = _models[lesson.series_id]
    # An untrained forest has no prediction, where the earlier platform's service failed.
    prediction = float(model.predict_one(lesson.features) or 0.0)
    model.learn_one(lesson.features, lesson.target)
    accuracy.add(lesson.target, prediction)
    return {"prediction": prediction, "series_id": lesson.series_id, "n": accuracy.count}
