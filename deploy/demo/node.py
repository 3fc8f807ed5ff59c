"""One request of the demo comes from a producer that is not Python: Node with kafkajs, where both can be had."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

PROGRAM = Path(__file__).parent / "node" / "producer.mjs"
PACKAGE = "kafkajs@2.2.4"
LIMIT = 15.0
"""Seconds for what is left of the installation (the first time only) and the publication together."""


class Told(NamedTuple):
    """Whether Node's producer has published the record; if not, why, in one line for a person."""

    done: bool
    why: str = ""


class _Failed(Exception):
    """Node or npm is absent, or ended otherwise than well; the text is for a person."""


class Node:
    """Node's producer. Its package is installed while the stack starts; nobody waits long for a network that is slow or not there."""

    def __init__(self, folder: Path) -> None:
        """`folder` keeps the installed package for the next time; it is made."""
        self._folder = folder
        self._installed: asyncio.Task[str] | None = None

    async def __aenter__(self) -> Self:
        self._installed = asyncio.create_task(_install(self._folder), name="demo-node")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            self._installed.cancel()
            await asyncio.gather(self._installed, return_exceptions=True)

    async def publish(
        self, bootstrap: str, topic: str, key: bytes, headers: Iterable[tuple[str, bytes]], value: bytes
    ) -> Told:
        """Publishes one record by Node.

        Never raises for what a machine may lack. After a failure the record may be in the topic all the same: publish it with
        the same id and bytes, and it counts once.
        """
        assert self._installed, "opened with `async with`"
        record = {
            "bootstrap": bootstrap,
            "topic": topic,
            "key": key.decode(),
            "headers": {name: text.decode() for name, text in headers},
            "value": value.decode(),
        }
        try:
            async with asyncio.timeout(LIMIT):
                node = await asyncio.shield(self._installed)
                said = json.dumps(record).encode() + b"\n"
                await _run("Node 发布失败 / Node failed", (node, str(PROGRAM), str(self._folder)), said)
        except TimeoutError:
            return Told(False, f"超过 {LIMIT:.0f} 秒 / not within {LIMIT:.0f} s")
        except (_Failed, OSError) as error:
            return Told(False, str(error).splitlines()[0][:120])
        return Told(True)


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise _Failed(f"本机没有 {program} / no {program} here")
    return path


async def _install(folder: Path) -> str:
    """Installs the package unless an earlier installation came to its end; returns where Node is."""
    node, npm = _found("node"), _found("npm")
    done = folder / f".{PACKAGE}"
    if done.exists():
        return node
    folder.mkdir(parents=True, exist_ok=True)
    options = (
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--no-update-notifier",
        "--prefix",
        str(folder),
    )
    await _run(
        "装不上 kafkajs（无网络？）/ kafkajs cannot be installed (no network?)",
        (npm, "install", *options, PACKAGE),
    )
    done.touch()
    return node


async def _run(fault: str, argv: tuple[str, ...], said: bytes = b"") -> None:
    """Runs a program to its end, in a group of its own so that nothing of it outlives us. Raises `_Failed(fault)`."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        await process.communicate(said)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise _Failed(fault)
