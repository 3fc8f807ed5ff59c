"""Names of institutions, from `registry.institutions`: a notice about a bill says where it was. Statements are in `institutions.sql`."""

from collections.abc import Sequence

from services.notify.domain.facts import Institution
from services.notify.work import Work
from shared.contracts.registry import InstitutionRecorded
from shared.contracts.settlement_results import Returned, Settled
from shared.db import Conn, load_queries
from shared.messaging.handler import Event, Item

Q = load_queries(__file__, "institutions.sql")


async def load(conn: Conn, work: Work, items: Sequence[Item]) -> None:
    """The institutions that this batch speaks of, as far as they are known; no query for a batch that speaks of none."""
    bodies = [item.body for item in items if isinstance(item, Event)]
    wanted = {
        body.fixmedins_code for body in bodies if isinstance(body, InstitutionRecorded | Settled | Returned)
    }
    if wanted:
        rows = await conn.fetch(Q["institutions"], sorted(wanted))
        work.places = {row[0]: Institution(row[1], row[2]) for row in rows}


def record(work: Work, body: InstitutionRecorded) -> None:
    """The registry's latest word: from now on the notices of this batch, too, say this name."""
    before = work.places.get(body.fixmedins_code)
    if before is None or before.version < body.version:
        work.places[body.fixmedins_code] = Institution(body.version, body.fixmedins_name)
        work.named.add(body.fixmedins_code)


def forget(work: Work, fixmedins_code: str) -> None:
    """The registry took its record back."""
    work.places.pop(fixmedins_code, None)
    work.named.discard(fixmedins_code)
    work.unnamed.add(fixmedins_code)


async def save(conn: Conn, work: Work) -> None:
    """Writes what the batch changed. What was forgotten and recorded again begins anew, whatever its version."""
    if work.unnamed:
        await conn.execute(Q["forget"], sorted(work.unnamed))
    if work.named:
        rows = [(code, one.version, one.name) for code in sorted(work.named) if (one := work.places[code])]
        await conn.execute(Q["upsert"], *map(list, zip(*rows, strict=True)))
