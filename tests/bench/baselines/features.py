"""The service *in-memory* that makes lags; its values are a list in Redis, as the earlier platform's were."""

import os
from typing import Any

import redis.asyncio
from fastapi import FastAPI
from pydantic import BaseModel

from rivulet.lags import lag_vector, named

app = FastAPI()
_redis = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])
_N_LAGS = int(os.environ["N_LAGS"])


class Value(BaseModel):
    """What add takes."""

    value: float
    series_id: str = "default"


@app.post("/add")
async def add(value: Value) -> dict[str, Any]:
    """Return the lags before a value, and keep it: one round trip."""
    key = f"inmemory:{value.series_id}:values"
    async with _redis.pipeline(transaction=False) as pipeline:
        pipeline.lrange(key, 0, _N_LAGS - 1)
        pipeline.lpush(key, value.value)
        pipeline.ltrim(key, 0, _N_LAGS - 1)
        past = (await pipeline.execute())[0]
    features = named(lag_vector([float(each) for each in past], _N_LAGS))
    return {"features": features, "target": value.value, "available_lags": len(past)}
