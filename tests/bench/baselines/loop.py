"""The baseline *loop*: a bare River loop in a process of its own; prints the seconds that it took, once for each line
that it is given."""

import sys
import time

from rivulet.models import definition
from tests.bench import series

Lessons = list[tuple[dict[str, float], float]]


def seconds(model: str, lessons: Lessons) -> float:
    """Predict and learn lessons."""
    regressor = definition(model).build()
    started = time.perf_counter()
    for features, target in lessons:
        regressor.predict_one(features)
        regressor.learn_one(features, target)
    return time.perf_counter() - started


def main(model: str, count: int) -> None:
    """Make the features of `count` observations beforehand, and wait for lines."""
    lessons = list(series.lessons(count))
    for _ in sys.stdin:
        print(seconds(model, lessons), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
