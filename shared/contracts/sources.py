"""Who may publish what: `sources.yaml`, and a file of further sources that `GONGJI_SOURCES` may name; loaded once."""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.envelope import service_source
from shared.contracts.topics import TOPICS, TYPES

_FILE = Path(__file__).with_name("sources.yaml")
SERVICES = ("eligibility", "audit", "notify", "settlement")


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `may` lists short types or whole topics; `keys` are public keys of a face-check provider, PEM, by key id."""

    id: str
    kind: str
    name: str
    regions: tuple[str, ...] = ()
    may: frozenset[str] = frozenset()
    institutions: tuple[str, ...] = ()
    message_centre: bool = False
    keys: dict[str, str] = field(default_factory=dict)

    def entitled(self, short_type: str) -> bool:
        """Whether this source may publish messages of the type."""
        spec = TYPES.get(short_type)
        return spec is not None and (short_type in self.may or spec.topic in self.may)


def parse(text: str) -> dict[str, Source]:
    """Sources by id from YAML text. Raises `ValueError` naming the source and what is wrong."""
    sources: dict[str, Source] = {}
    for row in yaml.safe_load(text)["sources"]:
        source = _source(row)
        if source.id in sources:
            raise ValueError(f"sources.yaml: {source.id} stands there twice")
        sources[source.id] = source
    return sources | {name: _own(name) for name in map(service_source, SERVICES)}


def _source(row: dict[str, Any]) -> Source:
    unknown = set(row.get("may", ())) - TYPES.keys() - TOPICS.keys()
    if unknown:
        raise ValueError(f"sources.yaml: {row.get('id')}: unknown type or topic {sorted(unknown)}")
    return Source(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        regions=tuple(row.get("regions", ())),
        may=frozenset(row.get("may", ())),
        institutions=tuple(row.get("institutions", ())),
        message_centre=bool(row.get("message_centre", False)),
        keys=dict(row.get("keys", {})),
    )


def _own(name: str) -> Source:
    """One of our own services: may publish what no outsider writes."""
    own = frozenset(topic.name for topic in TOPICS.values() if not topic.outsider)
    return Source(id=name, kind="service", name=name, may=own)


@lru_cache(maxsize=1)
def load() -> dict[str, Source]:
    """The committed sources, and those of the file that `GONGJI_SOURCES` names."""
    sources = parse(_FILE.read_text(encoding="utf-8"))
    if extra := os.environ.get("GONGJI_SOURCES"):
        sources |= parse(Path(extra).read_text(encoding="utf-8"))
    return sources


def get(source_id: str) -> Source | None:
    """The source of that id, if it is registered."""
    return load().get(source_id)


def entitled(source_id: str, short_type: str) -> bool:
    """Whether `source_id` is registered and may publish the type."""
    source = get(source_id)
    return source is not None and source.entitled(short_type)
