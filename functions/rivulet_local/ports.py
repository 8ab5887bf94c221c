"""Ports: the platform's own, taken before anything starts, and free ones for its processes."""

from __future__ import annotations

import random
import socket

from rivulet_local.errors import PlatformError

# Below the range out of which systems take the ports of outgoing connections, so that none of those can come
# between the choice of a port and its use.
_FIRST, _LAST = 20000, 31999


def listen(host: str, port: int, variable: str) -> socket.socket:
    """Take a port for the platform.

    Raises
    ------
    PlatformError
        If it is taken; the sentence names the variable that changes it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Listening already keeps the port from anyone else; connections wait until they are accepted.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise PlatformError(
            f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or set {variable}."
        ) from None
    listener.setblocking(False)
    return listener


def free_port() -> int:
    """Choose a port of 127.0.0.1 that nothing uses."""
    while True:
        port = random.randint(_FIRST, _LAST)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
