"""The SMS centre and the telephone of the demo: two processes on loopback that keep what they received and heard."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_READY = 20.0


class Peers:
    """Started with `start`, ended with `stop`; `texts` and `calls` are what arrived so far."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._children: list[subprocess.Popen[bytes]] = []
        self.ports: dict[str, int] = {}

    async def start(self) -> None:
        """Starts both. Raises `RuntimeError` with the log's place when one does not come up."""
        self.out.mkdir(parents=True, exist_ok=True)
        self._launch("smsc")
        self._launch("phone", "--pick-up", "0.2")
        for name in ("smsc", "phone"):
            self.ports[name] = await self._port(name)

    def _launch(self, name: str, *options: str) -> None:
        argv = [sys.executable, "-m", f"deploy.peers.{name}", "--out", str(self.out), *options]
        with (self.out / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self._children.append(child)

    async def _port(self, name: str) -> int:
        mark, deadline = self.out / f"{name}.port", time.monotonic() + _READY
        while time.monotonic() < deadline:
            if mark.exists():
                return int(mark.read_text())
            await asyncio.sleep(0.05)
        raise RuntimeError(f"the {name} did not start within {_READY:.0f} s; see {self.out / name}.log")

    def tell_services(self) -> None:
        """Sets the variables by which notify finds both."""
        os.environ["GONGJI_NOTIFY_SMPP_HOST"] = "127.0.0.1"
        os.environ["GONGJI_NOTIFY_SMPP_PORT"] = str(self.ports["smsc"])
        os.environ["GONGJI_NOTIFY_SIP_PEER"] = f"127.0.0.1:{self.ports['phone']}"

    def stop(self) -> None:
        """Ends both processes."""
        for child in self._children:
            child.send_signal(signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()

    def texts(self) -> list[dict[str, Any]]:
        """Text messages that arrived, oldest first."""
        return _lines(self.out / "sms.jsonl")

    def calls(self) -> list[dict[str, Any]]:
        """Calls that are over, oldest first."""
        return _lines(self.out / "calls.jsonl")

    def rung(self) -> list[dict[str, Any]]:
        """Calls that arrived, also those that go on, oldest first."""
        return _lines(self.out / "rung.jsonl")


def _lines(file: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    )
