"""Region files from any folder: a whole tree of its own, or a few files laid over the committed ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from shared.policies import Policies, load
from shared.policies.loader import NATIONAL

_NATIONAL = re.compile(rf"^region:\s*[\"']{NATIONAL}[\"']", re.MULTILINE)
_NAMED = re.compile(r"^name:", re.MULTILINE)


def load_regions(place: Path | None = None, below: Sequence[Path] = ()) -> Policies:
    """The committed regions with `below` laid over them, or with `place` (a folder or one file) those under it.

    A folder whose national file has a `name` is a whole tree and is read alone; anything else is laid over, as
    `GONGJI_REGIONS_DIR` is. Raises `PolicyError` with one line for each fault.
    """
    if place is None:
        return load(overlay=below)
    return load(place) if is_whole(place) else load(overlay=[*below, place])


def is_whole(directory: Path) -> bool:
    """Whether the folder holds the national file itself and not only what differs from it."""
    if not directory.is_dir():
        return False
    texts = (path.read_text("utf-8", errors="replace") for path in sorted(directory.glob("*.yaml")))
    return any(_NATIONAL.search(text) and _NAMED.search(text) for text in texts)
