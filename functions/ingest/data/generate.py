"""Make ``airline.csv``: 144 historical figures and 600 months that continue them.

Floats are only added (by ``fsum``: what ``sum`` gives depends on the version of Python), multiplied and divided;
no ``log`` or ``exp`` of a C library, so that every machine writes the very same file.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from math import fsum
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 1949
FIRST_YEAR, LAST_YEAR = 1949, 2010

# International airline passengers, in thousands a month, 1949-01 to 1960-12: series G of Box & Jenkins (1970).
PASSENGERS = [
    *(112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118),
    *(115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140),
    *(145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166),
    *(171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194),
    *(196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201),
    *(204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229),
    *(242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278),
    *(284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306),
    *(315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336),
    *(340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337),
    *(360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405),
    *(417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432),
]

# Growth a month: what the series had around 1960, slowing by half in ten years towards a mature market's.
GROWTH_AT_FIRST, GROWTH_AT_LAST, GROWTH_KEPT = 0.0072, 0.0009, 0.9942
# What a month's surprise leaves in the next one, and how large a surprise is, as a share of the level.
NOISE_KEPT, NOISE_SIZE = 0.72, 0.022


def centred_mean(values: list[int], month: int) -> float:
    """Mean of the year around ``month``; the two ends, the same month of two years, count half each."""
    year = values[month - 5 : month + 6]
    return (sum(year) + (values[month - 6] + values[month + 6]) / 2) / 12


def season(values: list[int]) -> list[float]:
    """Share of each calendar month in the level of its year, from the last six years that have one."""
    months = range(len(values) - 78, len(values) - 6)
    shares: list[list[float]] = [[] for _ in range(12)]
    for month in months:
        shares[month % 12].append(values[month] / centred_mean(values, month))
    means = [fsum(share) / len(share) for share in shares]
    return [mean * 12 / fsum(means) for mean in means]


def surprise(draw: random.Random) -> float:
    """Draw a nearly normal number of mean 0 and deviation 1 from twelve uniform ones."""
    return fsum(draw.random() for _ in range(12)) - 6


def continuation(values: list[int], months: int) -> Iterator[int]:
    """Continue the series: slowing trend, times the season, times autocorrelated noise."""
    draw = random.Random(SEED)
    shares = season(values)
    newest = [value / shares[month % 12] for month, value in enumerate(values)][-12:]
    level = fsum(newest) / 12
    growth = GROWTH_AT_FIRST
    for _ in range(6):  # the mean of a year is its middle's level: half a year on to its end
        level *= 1 + growth
    noise = newest[-1] / level - 1
    for month in range(len(values), len(values) + months):
        level *= 1 + growth
        growth = GROWTH_AT_LAST + (growth - GROWTH_AT_LAST) * GROWTH_KEPT
        noise = NOISE_KEPT * noise + NOISE_SIZE * surprise(draw)
        yield round(level * shares[month % 12] * (1 + noise))


def render() -> str:
    """Give the whole file as text."""
    months = [f"{year}-{month:02}" for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
    values = [*PASSENGERS, *continuation(PASSENGERS, len(months) - len(PASSENGERS))]
    rows = (f"{month},{value}\n" for month, value in zip(months, values, strict=True))
    return "input,target\n" + "".join(rows)


def main() -> int:
    """Write the file, or with ``--check`` say whether it is what would be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file would change")
    path = HERE / "airline.csv"
    if not parser.parse_args().check:
        path.write_bytes(render().encode())
        return 0
    if path.is_file() and path.read_bytes() == render().encode():
        return 0
    print(f"{path.name} is not what generate.py makes: run generate.py without --check.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
