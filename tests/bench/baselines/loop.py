"""The baseline *loop*: a bare River loop in a process of its own; prints the seconds that it took."""

import sys
import time

from rivulet.models import definition
from tests.bench import series


def main(model: str, count: int, after: int) -> float:
    """Predict and learn `count` observations; the features, and what is learned of those before, are made beforehand.

    Parameters
    ----------
    after
        How many observations come before.
    """
    lessons = list(series.lessons(after + count))
    regressor = definition(model).build()
    for features, target in lessons[:after]:
        regressor.learn_one(features, target)
    started = time.perf_counter()
    for features, target in lessons[after:]:
        regressor.predict_one(features)
        regressor.learn_one(features, target)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
