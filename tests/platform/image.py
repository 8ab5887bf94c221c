"""What the image has in /app, laid out by its own Dockerfile and .dockerignore; and the Dockerfile's parts."""

from __future__ import annotations

import fnmatch
import re
import shutil
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
DOCKERFILE = (FUNCTIONS / "Dockerfile").read_text("utf-8")


def lay_out(into: Path) -> None:
    """Copy what `COPY . ./` copies."""
    for file in sorted(each for each in FUNCTIONS.rglob("*") if each.is_file()):
        path = file.relative_to(FUNCTIONS)
        if _sent(path.as_posix()):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, into / path)


def command() -> list[str]:
    """Return the image's command."""
    found = re.search(r"^CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    assert found
    return re.findall(r'"([^"]*)"', found[1])


def _sent(path: str) -> bool:
    """Whether .dockerignore lets a file through: the last line that matches it, or one of its folders, says."""
    sent = True
    parts = path.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    for line in (FUNCTIONS / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removesuffix("/**").removeprefix("**/")
        if not pattern or line.startswith("#"):
            continue
        names = parts if "**/" in line else folders
        if any(fnmatch.fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for name in names):
            sent = line.startswith("!")
    return sent
