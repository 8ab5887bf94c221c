"""The baseline *loop*: a bare River loop in a process of its own; prints the seconds that each of its rounds took."""

import sys
import time

from rivulet.models import definition
from tests.bench import series


def main(model: str, count: int) -> float:
    """Predict and learn the first `count` observations; the features are made beforehand."""
    lessons = list(series.lessons(count))
    regressor = definition(model).build()
    started = time.perf_counter()
    for features, target in lessons:
        regressor.predict_one(features)
        regressor.learn_one(features, target)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2])))
