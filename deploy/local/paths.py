"""Where the local stack keeps its things."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def home(root: Path | None = None) -> Path:
    """The folder of one stack's data, state and logs: `root`, else GONGJI_HOME, else `.gongji/` in the checkout."""
    return (root or Path(os.environ.get("GONGJI_HOME") or PROJECT / ".gongji")).absolute()


def cache() -> Path:
    """The folder that all clones of one user share (Kafka's jars, PostgreSQL's binaries): GONGJI_CACHE or the user's cache folder."""
    if ordered := os.environ.get("GONGJI_CACHE"):
        return Path(ordered).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gongji"
