"""Loopback ports that stay ours over restarts."""

from __future__ import annotations

import os
import random
import socket

from deploy.local.errors import StackError

HOST = "127.0.0.1"
# Below the range from which the kernel takes ports of outgoing connections: otherwise some
# connection could sit on Kafka's port in the second in which Kafka is being restarted.
LOWEST, HIGHEST = 21_000, 31_999


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A random free loopback port outside the kernel's own range."""
    for _ in range(200):
        port = random.randint(LOWEST, HIGHEST)
        if is_free(port):
            return port
    raise StackError("no free port between 21000 and 31999", "Stop some of the programs that listen there.")


def choose(setting: str, remembered: int | None) -> int:
    """The port of a server: the one that environment variable `setting` orders, else the remembered one, else a free one.

    Raises StackError when the ordered port is taken; a remembered port that is taken is silently replaced,
    since nobody but the services that are about to start knows it.
    """
    ordered = os.environ.get(setting)
    if ordered:
        if not ordered.isdigit() or not is_free(int(ordered)):
            raise StackError(
                f"port taken: {setting}={ordered} cannot be listened on",
                f"Stop what uses it, or unset {setting} to get a free port.",
            )
        return int(ordered)
    if remembered and is_free(remembered):
        return remembered
    return free_port()


def listening(port: int, timeout: float = 0.5) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout):
            return True
    except OSError:
        return False
