"""What the supervisor says: its own lines, and the services' logs with a coloured prefix."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TextIO

COLOURS = {"eligibility": 36, "audit": 35, "notify": 33, "settlement": 32, "gongji": 34}
INTERVAL = 0.15


class Console:
    """Prefixed lines on a terminal; colours only there. The logs are files, so that services outlive whoever shows them."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.coloured = self.out.isatty()

    def line(self, name: str, text: str) -> None:
        """One line of a program."""
        prefix = f"{name:<12}|"
        if self.coloured:
            prefix = f"\x1b[{COLOURS.get(name, 37)}m{prefix}\x1b[0m"
        try:
            self.out.write(f"{prefix} {text}\n")
            self.out.flush()
        except OSError:  # the terminal is gone: the supervisor's work is not
            pass

    def say(self, text: str) -> None:
        """One line of the supervisor."""
        self.line("gongji", text)

    async def follow(self, name: str, log: Path) -> None:
        """Print what is appended to a log from now on, for ever."""
        offset = log.stat().st_size if log.exists() else 0
        rest = b""
        while True:
            await asyncio.sleep(INTERVAL)
            if not log.exists():
                continue
            size = log.stat().st_size
            if size < offset:  # begun anew
                offset = 0
            if size == offset:
                continue
            with log.open("rb") as file:
                file.seek(offset)
                rest += file.read(1 << 20)
                offset = file.tell()
            *lines, rest = rest.split(b"\n")
            for line in lines:
                self.line(name, line.decode("utf-8", "replace"))
