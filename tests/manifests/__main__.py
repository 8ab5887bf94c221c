"""`task manifests`: check every manifest of this repository, offline."""

from __future__ import annotations

import sys

from tests.manifests.check import check
from tests.manifests.rendering import REPOSITORY


def main() -> int:
    """Print what is wrong, or how much is right."""
    checked = check(REPOSITORY)
    for problem in checked.problems:
        print(problem, file=sys.stderr)
    if checked.problems:
        print(f"{len(checked.problems)} problems in the manifests", file=sys.stderr)
        return 1
    print(f"{sum(map(len, checked.objects.values()))} objects of {len(checked.objects)} folders are valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
