"""``task cluster:measure``: hold an installation to its targets, print one table, write ``out/cluster.json``."""

from __future__ import annotations

import argparse
import json
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.bench.report import Measurement, document
from tests.bench.table import show
from tests.cluster.figures import FIGURES, Figure
from tests.cluster.pods import Pods
from tests.cluster.visitor import Visitor
from tests.e2e.target import cluster

OUT = Path("out") / "cluster.json"


def main(arguments: list[str]) -> int:
    """Measure what the arguments name.

    Returns
    -------
    int
        0 if every figure is within its target, 1 if one is not or could not be measured.
    """
    parser = argparse.ArgumentParser(prog="task cluster:measure --", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(each.name for each in FIGURES)}")
    parser.add_argument("--gateway", default="http://127.0.0.1:8080", help="routes by the Host header")
    parser.add_argument("--broker", help="the Broker's address; without it, kubectl forwards a port")
    parser.add_argument("--domain", default="localhost", help="a function is <service>.ml-services.<domain>")
    options = parser.parse_args(arguments)
    chosen = [each for each in FIGURES if not options.names or any(fnmatch(each.name, name) for name in options.names)]
    measured = {}
    with cluster(options.gateway, options.broker, options.domain) as target, Pods() as pods:
        for each in chosen:
            visitor = Visitor(target)
            try:
                found = measured[each.name] = each.measure(visitor, pods)
                print(f"{each.name} {found.value:.2f} {dict(found.samples)}", file=sys.stderr, flush=True)
            except AssertionError as error:
                print(f"{each.name} could not be measured: {error}", file=sys.stderr, flush=True)
            finally:
                visitor.leave()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(document(measured, {each.name: each.target for each in chosen}), indent=2) + "\n")
    show(chosen, measured)
    return 0 if all(each.name in measured and _met(each, measured[each.name]) for each in chosen) else 1


def _met(figure: Figure, found: Measurement) -> bool:
    return figure.target is None or figure.target.met_by(found.value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
