"""Everything that `gongji contract check` looks at, as one list of complaints."""

import json
from collections.abc import Iterator

from deploy.contract import consumers, derived
from deploy.contract.compatibility import Break, breaks
from deploy.contract.paths import RELEASED
from deploy.contract.schemas import Schema, all_schemas


def complaints() -> list[str]:
    """One line each; empty when all is well."""
    return [*derived.stale(derived.outputs()), *map(str, released_breaks()), *consumers.complaints()]


def released_breaks() -> list[Break]:
    """Where the present models break what was released."""
    return breaks(dict(_released()), all_schemas())


def _released() -> Iterator[tuple[str, Schema]]:
    for path in RELEASED.glob("*.json"):
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))
