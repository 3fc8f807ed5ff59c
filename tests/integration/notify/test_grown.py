"""Tables of an earlier release, with notices under way: they are brought up to date where they stand, and go on."""

import json
from datetime import timedelta
from uuid import UUID

from services.notify.handlers import NotifyHandler
from services.notify.providers import storage as providers
from shared import db
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.testing.messages import MONDAY, uid
from tests.integration.notify.bench_line import Bench
from tests.integration.notify.records import REGION, reachable

ANN = reachable(1)
PENDING, SENDING = uid(1), uid(2)
NOTICE = """insert into notices (id, about, version, template, recipient_hash, side, psn_no, region, media, state, tries, attempts,
    content, decided_at, created_at, next_at, medium_until, leased_until)
    values ($1, $2, 2, 'refused', '\\x01', 'sponsor', $3, $4, '{sms,call}', $5, 1, 1, $6, $7, $7, $8, $8, now() - interval '1 hour')"""
ATTEMPT = """insert into attempts (notice_id, number, medium, provider, state, parts, due_at, started_at, answered_at)
    values ($1, 1, 'sms', 'sms', $2, 1, $3, $3, $3)"""


async def earlier(conn: db.Conn, until: str) -> None:
    """The tables before migration `until`."""
    files = migrations_of(NotifyHandler.__new__(NotifyHandler))
    await db.migrate(conn, "notify", [CORE_SCHEMA, *(one for one in files if one.name < until)])


async def under_way(conn: db.Conn, notice_id: UUID, state: str) -> None:
    """A notice of that release whose text was sent, or is being sent."""
    words = {"title": "t", "text": "t", "sms": "【医保服务】t", "speech": "t"}
    sealed = json.dumps(words).encode()
    row = (
        notice_id,
        str(notice_id),
        ANN.psn_no,
        REGION,
        state,
        sealed,
        MONDAY,
        MONDAY + timedelta(minutes=30),
    )
    await conn.execute(NOTICE, *row)
    await conn.execute(ATTEMPT, notice_id, state, MONDAY)


async def test_notices_of_an_earlier_release_go_on_after_its_tables_have_grown(
    database_urls: dict[str, str],
) -> None:
    pool = await db.open_pool(database_urls["notify"], "notify")
    async with pool.acquire() as conn:
        await earlier(conn, "0010")
        await under_way(conn, PENDING, "pending")
        await under_way(conn, SENDING, "sending")
        await conn.execute(
            "insert into parts (provider_id, notice_id, number) values ('sms/old-1', $1, 1)", PENDING
        )
        await conn.execute(
            "insert into providers (name, medium, weight, resting, changed_at) values ('sms', 'sms', 7, 100, $1)",
            MONDAY,
        )
        await earlier(conn, "9999")
        assert [one.weight for one in await providers.shares(conn, ["sms"])] == [7]
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.receipt("old-1", "hinted")
    for _ in range(2):  # what was being sent is unknown first, and waited for
        bench.clock.forward(minutes=31)
        await bench.work()
    assert await pool.fetch("select id from notices where state <> 'delivered'") == []
    assert (len(bench.sms.sent), len(bench.call.sent)) == (0, 2)
    await pool.close()
