"""``task bench``: measure, print one table, write ``out/bench.json``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import traceback
from fnmatch import fnmatch
from pathlib import Path

from tests.bench import chain, checkpoint, cold, flat, idle, many_series, memory, restore, throughput
from tests.bench.benchmark import Benchmark
from tests.bench.report import Measurement, document
from tests.bench.stage import Stage
from tests.bench.table import show

OUT = Path("out") / "bench.json"
ALL: list[Benchmark] = [
    *throughput.BENCHMARKS,
    *checkpoint.BENCHMARKS,
    *flat.BENCHMARKS,
    *cold.BENCHMARKS,
    *restore.BENCHMARKS,
    *many_series.BENCHMARKS,
    *chain.BENCHMARKS,
    *idle.BENCHMARKS,
    *memory.BENCHMARKS,
]


def main(arguments: list[str]) -> int:
    """Run what the arguments name.

    Returns
    -------
    int
        0 whether or not targets are met; 1 if a benchmark could not be run, 2 if a name is none.
    """
    parser = argparse.ArgumentParser(prog="task bench --", description="Measure Rivulet against its baselines.")
    parser.add_argument("names", nargs="*", metavar="name", help="a benchmark, or a pattern such as 'cold_*'")
    parser.add_argument("--list", action="store_true", help="show the benchmarks and their targets, and end")
    options = parser.parse_args(arguments)
    chosen = [each for each in ALL if not options.names or any(fnmatch(each.name, name) for name in options.names)]
    unknown = [name for name in options.names if not any(fnmatch(each.name, name) for each in ALL)]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; --list shows them")
    if options.list:
        for each in chosen:
            print(f"{each.name:<20} {each.target or 'printed'!s:<8} {each.what}")
        return 0
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that processes are stopped
    measured = _run(chosen)
    OUT.parent.mkdir(exist_ok=True)
    targets = {each.name: each.target for each in chosen}
    OUT.write_text(json.dumps(document(measured, targets), indent=2) + "\n")
    show(chosen, measured)
    return 0 if len(measured) == len(chosen) else 1


def _run(chosen: list[Benchmark]) -> dict[str, Measurement]:
    measured: dict[str, Measurement] = {}
    began = time.monotonic()
    with Stage() as stage:
        for number, each in enumerate(chosen, 1):
            started = time.monotonic()
            try:
                found = measured[each.name] = each.measure(stage)
            except Exception:  # noqa: BLE001 - the others are still worth their figures; the status says that one failed
                _progress(f"[{number}/{len(chosen)}] {each.name} could not be measured\n{traceback.format_exc()}")
                continue
            took = time.monotonic() - started
            _progress(f"[{number}/{len(chosen)}] {each.name} {found.value:.2f} ({took:.0f} s)")
    _progress(f"{time.monotonic() - began:.0f} s in all")
    return measured


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
