"""What the tables give away, for how long, and to whom: on real PostgreSQL, with a clock that the test moves."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.notify.desk import Wanted, listed
from services.notify.handlers import NotifyHandler
from services.notify.keeping import Keeping
from services.notify.sealing import KeyMissing, Seal, content_row, read_key
from services.notify.storage import persons
from shared import db
from shared.contracts.binding_decisions import State
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.metrics import Metrics
from shared.testing.messages import MONDAY, uid
from shared.testing.proofs import DATA_KEY
from tests.integration.notify.bench_line import SEAL, Bench, migrated
from tests.integration.notify.records import decision, reachable

ANN, BOB = reachable(1), reachable(2)
NEW = Seal([b"n" * 32])
KEPT = "select about, version, template, recipient_hash, side, region, state, created_at, ended_at, attempts from notices order by id"
COUNTS = "select template, region, state, count(*) from notices group by 1, 2, 3 order by 1, 2, 3"


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


def keeping(bench: Bench, seal: Seal = SEAL, **options: int) -> Keeping:
    return Keeping(bench.pool, bench.clock, bench.policies, seal, Metrics(), **options)


async def told(bench: Bench, *numbers: int) -> None:
    """Decisions about so many bindings of Ann's."""
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    for number in numbers:
        await bench.publish("binding.decisions.refused", decision(number, ANN, state=State.REFUSED))


async def dump(pool: db.Pool) -> str:
    """All that somebody reads who has the tables of notify alone, without the core's mailboxes."""
    tables = ("persons", "notices", "attempts", "parts", "uses")
    rows = [row[0] for one in tables for row in await pool.fetch(f"select row_to_json(t)::text from {one} t")]
    for (sealed,) in await pool.fetch("select sealed from persons union all select content from notices"):
        rows.append((sealed or b"").decode("latin-1"))
    return "\n".join(rows)


async def test_tables_show_neither_number_nor_name_nor_text_and_the_text_goes_out(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, 1)
    await bench.work()
    ((number, content),) = bench.sms.sent
    assert number == f"+86{ANN.tel}"
    everything = await dump(pool)
    hidden = (ANN.tel, ANN.psn_name[0], content.sms, content.speech, str(ANN.recorded().brdy), "您为")
    assert [one for one in hidden if one in everything] == []
    assert content.sms.encode() not in bytes(await pool.fetchval("select content from notices"))


async def test_a_number_that_is_put_into_another_persons_row_is_not_used(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", BOB.recorded(), "authority")
    await told(bench, 1)
    await pool.execute(
        "update persons set sealed = (select sealed from persons where psn_no = $1) where psn_no = $2", BOB.psn_no, ANN.psn_no
    )  # fmt: skip
    bench.clock.forward(minutes=11)
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "person-unknown")]
    assert bench.sms.sent == bench.call.sent == []


async def test_words_that_were_changed_are_not_sent(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, 1, 2)
    await pool.execute(
        "update notices set content = (select content from notices where about = $1)", str(uid(1))
    )
    await bench.work()
    assert sorted(await bench.notices()) == [("handed-to-staff", "content-unreadable"), ("pending", None)]
    assert len(bench.sms.sent) == 1


async def test_after_the_retention_recipient_and_words_are_gone_and_everything_else_is_there(
    pool: db.Pool,
) -> None:
    bench = Bench(pool)
    await told(bench, 1, 2, 3)
    await bench.publish(
        "binding.decisions.refused", decision(4, BOB, state=State.REFUSED)
    )  # nobody knows Bob
    await bench.work()
    await bench.receipt("sms-1", "delivered")
    for _ in range(5):  # the others are called, one after the other
        bench.clock.forward(minutes=20)
        await bench.work()
    body = decision(9, ANN, state=State.REFUSED, at=bench.clock.now())
    await bench.publish("binding.decisions.refused", body)
    kept, counts, sent = await pool.fetch(KEPT), await pool.fetch(COUNTS), len(bench.sms.sent)
    ended = await pool.fetchval("select count(*) from notices where ended_at is not null")
    assert ended == 4
    bench.clock.at = min(row["ended_at"] for row in kept if row["ended_at"]) + timedelta(days=6, hours=23)
    assert await keeping(bench).night() == 0
    bench.clock.forward(days=1, hours=3)
    at_work = keeping(bench, rows=1)
    assert await at_work.night() == 3
    await at_work.watch()
    oldest = at_work.unstripped.labels("handed-to-staff")._value.get()
    assert 7 * 86400 < oldest < 9 * 86400
    assert at_work.late.labels("others")._value.get() == 0
    assert at_work.unstripped.labels("others")._value.get() == 0
    bench.clock.forward(days=23)
    assert await at_work.night() == 1
    async with pool.acquire() as conn:
        found = await listed(conn, Wanted(states=("delivered", "handed-to-staff", "created"), left=False))
    assert len(found) == 5
    rows = await pool.fetch(
        "select content, answer, psn_no, stripped_at from notices where ended_at is not null"
    )
    assert {tuple(row)[:3] for row in rows} == {(None, None, None)}
    assert all(row["stripped_at"] for row in rows)
    assert (
        await pool.fetchval("select count(*) from notices where ended_at is null and content is not null")
        == 1
    )
    assert (await pool.fetch(KEPT), await pool.fetch(COUNTS)) == (kept, counts)
    for number, who in ((1, ANN), (2, ANN), (3, ANN), (4, BOB)):
        await bench.publish("binding.decisions.refused", decision(number, who, state=State.REFUSED))
    assert (await pool.fetch(COUNTS), len(bench.sms.sent)) == (counts, sent)


async def test_one_process_does_the_nights_work_once_and_another_goes_on_where_it_was_killed(
    pool: db.Pool,
) -> None:
    bench = Bench(pool)
    await told(bench, 1)
    await bench.work()
    await bench.receipt("sms-1", "delivered")
    bench.clock.forward(days=8)
    waits = keeping(bench)
    await waits.watch()
    assert 86400 <= waits.late.labels("others")._value.get() < 2 * 86400
    assert waits.night_late._value.get() == 0  # it has never been done: it is done at once
    await pool.execute("update keeping set next_at = $1", bench.clock.now() - timedelta(days=1))
    await waits.watch()
    assert waits.night_late._value.get() == 86400
    await pool.execute("update keeping set leased_until = clock_timestamp() + interval '1 minute'")
    assert await keeping(bench).night() is None  # somebody is at it
    await pool.execute("update keeping set leased_until = clock_timestamp() - interval '1 second'")
    first, second = keeping(bench), keeping(bench)
    assert await first.night() == 1
    assert await second.night() is None  # until the next night
    bench.clock.forward(days=1)
    assert await second.night() == 0


async def test_a_new_key_takes_over_in_one_night_and_the_old_one_may_go(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, 1, 2, 3)
    await keeping(bench).night()
    bench.clock.forward(days=1)
    both = Seal([b"n" * 32, read_key(DATA_KEY)])
    at_work = keeping(bench, both, rows=2)
    await at_work.watch()
    assert at_work.older_keys._value.get() == 1
    await at_work.night()
    await at_work.watch()
    assert at_work.older_keys._value.get() == 0
    async with pool.acquire() as conn:
        found = await persons(conn, [ANN.psn_no], NEW)
        assert found[ANN.psn_no].tel == ANN.tel
        for row in await conn.fetch("select id, content from notices"):
            assert "您为" in json.loads(NEW.open(row["content"], content_row(row["id"])))["sms"]
        with pytest.raises(KeyMissing):
            await persons(conn, [ANN.psn_no], Seal([b"x" * 32]))


async def test_rows_of_an_older_release_are_sent_and_sealed_in_the_first_night(
    database_urls: dict[str, str],
) -> None:
    pool = await db.open_pool(database_urls["notify"], "notify")
    files = [CORE_SCHEMA, *migrations_of(NotifyHandler.__new__(NotifyHandler))]
    words = '{"title": "t", "text": "t", "sms": "【医保服务】您好。", "speech": "s"}'
    async with pool.acquire() as conn:
        await db.migrate(conn, "notify", [file for file in files if file.name < "0007"])
        await conn.execute(
            "insert into persons (psn_no, version, tel, no_sms, dead, born, surname) values ($1, 1, $2, false, false, $3, '赵')",
            ANN.psn_no, ANN.tel, ANN.recorded().brdy,
        )  # fmt: skip
        await conn.execute(
            "insert into notices (id, about, version, template, recipient_hash, side, psn_no, region, media, state, content,"
            " decided_at, created_at, next_at) values ($1, 'b', 1, 'refused', 'h', 'sponsor', $2, '370900', '{sms}',"
            " 'created', $3, $4, $4, $4)",
            uid(1), ANN.psn_no, words, MONDAY,
        )  # fmt: skip
        await db.migrate(conn, "notify", files)
    bench = Bench(pool)
    await bench.work()
    assert [(number, content.sms) for number, content in bench.sms.sent] == [
        (f"+86{ANN.tel}", "【医保服务】您好。")
    ]
    await keeping(bench).night()
    everything = await dump(pool)
    assert ANN.tel not in everything
    assert "您好" not in everything
    async with pool.acquire() as conn:
        assert (await persons(conn, [ANN.psn_no], SEAL))[ANN.psn_no].surname == "赵"
    await pool.close()


async def test_an_erased_person_is_told_nothing_and_nothing_of_the_person_stays(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, 1)
    await bench.work()  # one is under way
    bench.clock.forward(hours=13)  # night: the next one waits
    await bench.publish(
        "binding.decisions.refused", decision(2, ANN, state=State.REFUSED, at=bench.clock.now())
    )
    await bench.publish("registry.persons.recorded", None, "authority", key=ANN.psn_no, subject=ANN.psn_no)
    states = {row["about"]: (row["state"], row["reason"]) for row in await pool.fetch("select about, state, reason from notices")}  # fmt: skip
    assert states[str(uid(2))] == ("expired", "erased")
    rows = await pool.fetch("select psn_no, content, answer, stripped_at is not null from notices")
    assert {tuple(row) for row in rows} == {(None, None, None, True)}
    assert await pool.fetchval("select count(*) from persons") == 0
    sent = len(bench.sms.sent)
    bench.clock.forward(hours=12)
    await bench.work()
    for number in (1, 2):
        await bench.publish("binding.decisions.refused", decision(number, ANN, state=State.REFUSED))
    await bench.work()
    assert {state for state, _ in await bench.notices()} == {"expired"}
    assert {reason for _, reason in await bench.notices()} == {"erased"}
    assert (len(bench.sms.sent), bench.call.sent) == (sent, [])


async def test_a_text_that_arrives_after_the_erasure_counts_as_delivered(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, 1)
    await bench.work()
    await bench.publish("registry.persons.recorded", None, "authority", key=ANN.psn_no, subject=ANN.psn_no)
    await bench.receipt("sms-1", "delivered")
    assert await bench.notices() == [("delivered", None)]
