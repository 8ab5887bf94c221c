"""The baseline *loop*: a bare River loop in a process of its own; prints the seconds that it took, once for each line
that it is given."""

import sys
import time

from rivulet.models import definition
from tests.bench import series

Lessons = list[tuple[dict[str, float], float]]


def seconds(model: str, lessons: Lessons, after: int) -> float:
    """Predict and learn lessons, after others that are only learned and do not count."""
    regressor = definition(model).build()
    for features, target in lessons[:after]:
        regressor.learn_one(features, target)
    started = time.perf_counter()
    for features, target in lessons[after:]:
        regressor.predict_one(features)
        regressor.learn_one(features, target)
    return time.perf_counter() - started


def main(model: str, count: int, after: int) -> None:
    """Make the features beforehand, of `count` observations and of those before them, and wait for lines."""
    lessons = list(series.lessons(after + count))
    for _ in sys.stdin:
        print(seconds(model, lessons, after), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
