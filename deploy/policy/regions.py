"""Region files from any folder: a whole tree of its own, or a few files laid over the committed ones."""

from __future__ import annotations

import re
from pathlib import Path

from shared.policies import Policies, load
from shared.policies.loader import NATIONAL

_NATIONAL = re.compile(rf"^region:\s*[\"']{NATIONAL}[\"']", re.MULTILINE)
_NAMED = re.compile(r"^name:", re.MULTILINE)


def load_regions(directory: Path | None = None) -> Policies:
    """The committed regions, or with `directory` those under it.

    A folder whose national file has a `name` is a whole tree and is read alone; any other is laid over the committed files, as
    `GONGJI_REGIONS_DIR` is. Raises `PolicyError` with one line for each fault.
    """
    if directory is None:
        return load()
    return load(directory) if is_whole(directory) else load(overlay=directory)


def is_whole(directory: Path) -> bool:
    """Whether the folder holds the national file itself and not only what differs from it."""
    texts = (path.read_text("utf-8", errors="replace") for path in sorted(directory.glob("*.yaml")))
    return any(_NATIONAL.search(text) and _NAMED.search(text) for text in texts)
