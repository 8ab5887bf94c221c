"""`python -m tests.e2e --target embedded|cluster`: run the end-to-end scenario, and say what was seen."""

from __future__ import annotations

import argparse
import sys

from tests.e2e.scenario import Scenario
from tests.e2e.target import cluster, embedded


def main() -> int:
    """Run each step; the first that fails ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument("--target", choices=("embedded", "cluster"), default="embedded")
    parser.add_argument("--gateway", default="http://127.0.0.1:8080", help="routes by the Host header")
    parser.add_argument("--domain", default="localhost", help="what the functions' names end with")
    parser.add_argument("--broker", help="the Broker's address; without it, kubectl forwards a port")
    parser.add_argument("--private-models", action="store_true", help="the models are not public (staging, prod)")
    options = parser.parse_args()
    where = embedded() if options.target == "embedded" else cluster(options.gateway, options.broker, options.domain)
    with where as target:
        for step in Scenario(target, private=options.private_models).steps():
            name = step.__name__.replace("_s_", "'s ").replace("_", " ")
            try:
                print(f"ok    {name}: {step()}", flush=True)
            except AssertionError as error:
                print(f"FAIL  {name}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
