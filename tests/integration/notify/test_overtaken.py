"""What happens meanwhile: papers are brought before they were asked for, an SMS centre uses an id again."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.notify import storage
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.providers.interface import Result
from shared import db
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.settlement_results import Refunded
from shared.testing.messages import uid
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import decision, reachable, returned, settled

ANN, BOB = reachable(1), reachable(2)
ACCEPTED = Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-2",))


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def test_papers_that_were_brought_are_not_asked_for_in_the_morning(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    asked = decision(1, ANN, state=State.SUPPLEMENT_REQUESTED, at=bench.clock.now())
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.supplement-requested", asked)
    brought = decision(
        1, ANN, state=State.UNDER_REVIEW, version=3, at=bench.clock.now() + timedelta(minutes=1)
    )
    await bench.publish("binding.decisions.under-review", brought)
    bench.clock.forward(hours=9)
    await bench.work()
    assert await bench.notices() == [("expired", "overtaken")]
    assert bench.sms.sent == []


CENTRE = Origin(source="zheliban", id="r-1")
RECEIVED = decision(1, ANN, state=State.RECEIVED, version=1, origin=CENTRE)


async def shown(bench: Bench) -> list[str]:
    """Titles that the message centre shows."""
    found = []
    for row in await bench.pool.fetch("select headers, bodies from outbox order by id"):
        for headers, body in zip(row["headers"], row["bodies"], strict=True):
            if b"answers.message" in headers:
                found.append(json.loads(body)["title"])
    return found


@pytest.mark.parametrize(
    ("suffix", "state", "title"),
    [
        ("refused", State.REFUSED, "未通过"),
        ("approved", State.APPROVED, "通过"),
        ("under-review", State.UNDER_REVIEW, "已收到"),  # of that nobody is told
    ],
)
async def test_what_was_answered_at_once_is_one_message_and_not_two(
    pool: db.Pool, suffix: str, state: State, title: str
) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    outcome = decision(1, ANN, state=state, version=2, origin=CENTRE)
    await bench.publish_together(
        ("binding.decisions.received", RECEIVED), (f"binding.decisions.{suffix}", outcome)
    )
    (said,) = await shown(bench)
    assert title in said
    kept = await pool.fetch("select template, state, reason from notices where version = 1")
    folded = suffix != "under-review"
    expected = ("received", "expired", "overtaken") if folded else ("received", "pending", None)
    assert [tuple(row) for row in kept] == [expected]


async def test_what_was_shown_already_is_followed_by_what_came_of_it(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.received", RECEIVED)
    outcome = decision(1, ANN, state=State.REFUSED, version=2, origin=CENTRE)
    await bench.publish("binding.decisions.refused", outcome)
    assert len(await shown(bench)) == 2


async def test_a_folded_message_is_not_shown_when_the_topics_are_read_again(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    outcome = decision(1, ANN, state=State.REFUSED, version=2, origin=CENTRE)
    await bench.publish_together(
        ("binding.decisions.received", RECEIVED), ("binding.decisions.refused", outcome)
    )
    await bench.publish("binding.decisions.received", RECEIVED)  # under another id: inbox does not know it
    assert len(await shown(bench)) == 1


async def test_who_opts_out_overnight_is_called_in_the_morning(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    refused = decision(1, ANN, state=State.REFUSED, at=bench.clock.now())
    await bench.publish("binding.decisions.refused", refused)
    later = ANN.recorded().model_copy(update={"version": 99, "no_sms": True})
    await bench.publish("registry.persons.recorded", later, "authority")
    bench.clock.forward(hours=12)
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    assert (len(bench.sms.sent), len(bench.call.sent)) == (0, 1)


async def test_an_id_that_the_sms_centre_uses_again_names_the_new_text(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        await storage.receive_parts(conn, {one: Receipt(one, Fate.DELIVERED, "") for one in ("p", "q")})
        await storage.submit_parts(conn, {"p": (uid(1), 1), "q": (uid(1), 1)})
        await conn.execute("update parts set seen_at = now() - interval '3 days' where provider_id = 'p'")
        await storage.submit_parts(conn, {"p": (uid(2), 1), "q": (uid(2), 1)})
        rows = await conn.fetch("select notice_id, fate from parts order by provider_id")
    assert [tuple(row) for row in rows] == [(uid(2), None), (uid(1), "delivered")]


async def test_one_sponsors_refund_does_not_wait_for_what_another_has_to_be_told_of_the_same_bill(
    pool: db.Pool,
) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")  # BOB may still come
    bill = settled(ANN)
    both = (*bill.shares, bill.shares[0].model_copy(update={"psn_no": BOB.psn_no}))
    await bench.publish("settlement.results.settled", bill.model_copy(update={"shares": both}))
    await bench.work()
    assert len(bench.sms.sent) == 1
    bench.sms.results = [ACCEPTED]
    await bench.publish("settlement.results.refunded", returned(Refunded, ANN))
    await bench.sender.round()
    await bench.sender.drain(5)
    assert len(bench.sms.sent) == 2
