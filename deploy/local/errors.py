"""Failures of the local stack, told in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

NEEDED_BYTES = 500 * 1024 * 1024


class StackError(Exception):
    """Something the reader can act on: what failed, and what to do about it.

    `str()` is one line without line breaks, made for a terminal.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(" ".join(f"{what}. {remedy}".split()))
        self.what = what
        self.remedy = remedy


def require_space(folder: Path, needed: int = NEEDED_BYTES) -> None:
    """Raise StackError unless `folder`'s disk has `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StackError(
            f"disk full: {free >> 20} MB are free at {folder}, {needed >> 20} MB are needed",
            "Free some space or keep the data elsewhere with GONGJI_HOME=<folder>.",
        )


def tail(log: Path, lines: int = 3) -> str:
    """The last lines of a log file as one line, for an error message."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "no log"
    return " / ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip()) or "empty log"


def explain(log: Path) -> str | None:
    """Known causes in a server's log, as a remedy; None when the log shows none of them."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")[-20_000:]
    except OSError:
        return None
    if "No space left on device" in text:
        return f"Disk full: free some space at {log.parent.parent} or use GONGJI_HOME=<folder>."
    if "Address already in use" in text:
        return "Its port was taken by another program: run `gongji up` again to get another port."
    if "OutOfMemoryError" in text or "Cannot allocate memory" in text:
        return "The machine is out of memory: 1 GB must be free."
    return None
