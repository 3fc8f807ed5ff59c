"""Adds a batch's entries to the record, in the transaction that decides: four statements whatever the batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from services.audit.domain import record
from services.audit.domain.record import Entry, Head, Link
from shared.db import Conn, load_queries

Q = load_queries(__file__)
SCHEMA = "audit_record"
_SHARED = (record.DESK, record.DUE)
_ENTRY = ("chain", "position", "binding_id", "version", "digest", "body")
_LINK = ("chain", "position", "entries", "at", "batch", "head")


async def append(conn: Conn, entries: Sequence[Entry], now: datetime) -> None:
    """One link for each chain that has entries. `now`: by the service's clock.

    The chain of a partition belongs to the transaction that has locked the partition's row in `consumed`; the two that have
    several writers are locked here, sorted, before their heads are read.
    """
    if not entries:
        return
    chains: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.chain].append(entry)
    if shared := [chain for chain in _SHARED if chain in chains]:
        await conn.execute(Q["lock_shared"], shared)
    heads = await heads_of(conn, list(chains))
    links, rows = [], []
    for chain, said in chains.items():
        digests = [record.digest(entry.body) for entry in said]
        one = record.append(chain, heads.get(chain), digests, now)
        links.append(one)
        numbers = range(one.position, one.position + one.entries)
        rows += [
            (chain, n, e.binding_id, e.version, digest, e.body)
            for n, e, digest in zip(numbers, said, digests, strict=True)
        ]
    await conn.copy_records_to_table("record_entry", schema_name=SCHEMA, records=rows, columns=_ENTRY)
    await _add_links(conn, links)


async def heads_of(conn: Conn, chains: Iterable[str]) -> dict[str, Head]:
    """The heads of those chains that have one."""
    return {row[0]: Head(row[1], row[2], row[3]) for row in await conn.fetch(Q["heads"], sorted(chains))}


async def _add_links(conn: Conn, links: Sequence[Link]) -> None:
    rows = [(one.chain, one.position, one.entries, one.at, one.batch, one.head) for one in links]
    await conn.copy_records_to_table("record_link", schema_name=SCHEMA, records=rows, columns=_LINK)
