"""An engine that builds the image and runs containers of it.

As root on Debian it is podman, which needs no daemon, on a base made from Debian's packages as apt is set up here:
`task engine` installs both. Elsewhere it is what is running, on the Dockerfile's own base.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Of the two programs that podman can start containers by, the one that knows every layout of control groups.
_PODMAN = ("podman", "--runtime=runc")
_BASE = "localhost/rivulet-base"
# Python, and what the Dockerfile and the wheels call that Python does not depend on.
_PACKAGES = ("base-files", "coreutils", "dash", "libstdc++6", "python3-venv")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# What stands between podman and its containers: no network of its own, since that would need a package more; limits
# that every machine can give, since podman asks for the highest; no scratch folders but those that are asked for.
_RUNNING = ("--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
_STRICT = ("--read-only-tmpfs=false", "--passwd=false")


@dataclass(frozen=True)
class Engine:
    """A program that takes docker's commands.

    Attributes
    ----------
    command
        How it is called.
    base
        The image to build on; without one it is the Dockerfile's own.
    own
        Whether `task engine` installed it.
    """

    command: tuple[str, ...]
    base: str | None = None
    own: bool = False

    def __call__(self, *arguments: str) -> str:
        """Let it do something, and return what it prints."""
        done = subprocess.run([*self.command, *arguments], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def build(self, folder: Path) -> str:
        """Build an image, and return its id: a name could be another run's by the time that it is used."""
        settings = _pip_settings()
        chosen = {"BASE": self.base, "PIP_INDEX_URL": settings.get("index-url")}
        chosen["PIP_TRUSTED_HOST"] = settings.get("trusted-host")
        options = [f"--build-arg={name}={value}" for name, value in chosen.items() if value]
        if self.own:
            # Not one image for each line of the Dockerfile. pip's answers come to it as they come to pip here.
            certificates = Path(settings.get("cert", _CERTIFICATES))
            options += ["--layers=false", "--network=host", f"--volume={certificates}:{_CERTIFICATES}:ro"]
        return self("build", "--quiet", *options, str(folder)).splitlines()[-1]

    def run(self, image: str, port: int, *options: str) -> str:
        """Start a container whose port is the machine's, and return its id."""
        own = (*_RUNNING, *_STRICT) if self.own else (f"--publish=127.0.0.1:{port}:{port}",)
        return self("run", "--detach", *own, *options, image)

    def logs(self, container: str) -> str:
        """Return what a container has written."""
        command = [*self.command, "logs", container]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


def find() -> Engine | None:
    """Return the engine of this machine; where `task engine` installs one, it has to be there."""
    base = os.environ.get("RIVULET_TEST_BASE")
    if base is None and can_be_had():
        assert _installed(), "there is no podman with a base to build on: `task engine` installs both"
        return Engine(_PODMAN, _BASE, own=True)
    return next((Engine((name,), base) for name in ("docker", "podman") if _succeeds(name, "info")), None)


def can_be_had() -> bool:
    """Whether this is root's Debian, and lets root give a process a view of its own of files and processes."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    return _succeeds("unshare", "--mount", "--pid", "--fork", "--mount-proc", "true")


def install() -> None:
    """Install podman, and make the base, where they are missing and can be had."""
    if not can_be_had() or _installed():
        return
    print("Installing Debian's packages podman and runc, and a base for the image (once)", file=sys.stderr)
    _apt("update")
    _apt("install", "podman", "runc")
    _make_base()


def _make_base() -> None:
    """Unpack the packages, and those that they depend on, as if none were installed."""
    with tempfile.TemporaryDirectory() as folder:
        packages, root = Path(folder, "packages"), Path(folder, "root")
        (packages / "partial").mkdir(parents=True)
        root.mkdir()
        apart = ("-oDir::State::status=/dev/null", f"-oDir::Cache::archives={packages}", "-oAPT::Sandbox::User=root")
        _apt(*apart, "--download-only", "install", *_PACKAGES)
        for package in sorted(packages.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
        files = Path(folder, "root.tar")
        subprocess.run(["tar", "--create", f"--file={files}", f"--directory={root}", "."], check=True)
        subprocess.run([*_PODMAN, "import", "--quiet", str(files), _BASE], stdout=subprocess.DEVNULL, check=True)


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", *arguments]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


def _pip_settings() -> dict[str, str]:
    """Return what pip is told on this machine, by files and by its environment, each by its last word."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    pairs = (line.partition("=") for line in listed.stdout.splitlines())
    return {name.rpartition(".")[2]: " ".join(ast.literal_eval(value).split()) for name, _, value in pairs}


def _installed() -> bool:
    return _succeeds("runc", "--version") and _succeeds(*_PODMAN, "image", "exists", _BASE)


def _succeeds(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


if __name__ == "__main__":
    install()
