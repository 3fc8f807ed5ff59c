"""A transfer that waits for its receiver: told at once, not in the morning after it went back, and not once it was answered."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared import db
from shared.contracts.base import Origin
from shared.contracts.binding_requests import Relation
from shared.contracts.settlement_results import Transferred
from shared.testing.messages import uid
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import reachable

ANN, BOB = reachable(1), reachable(2)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


def transfer(bench: Bench, state: str = "offered") -> Transferred:
    """Bob gives Ann, his child, 500.00."""
    told: dict[str, Any] = {"admdvs": "330100", "relation": Relation.CHILD} if state == "offered" else {}
    return Transferred(
        transfer_id=uid(5), psn_no=ANN.psn_no, from_psn_no=BOB.psn_no, amount=50_000, state=state,
        until=bench.clock.now() + timedelta(hours=20), origin=Origin(source="nhsa-app", id="t"), at=bench.clock.now(), **told,
    )  # fmt: skip


async def test_the_receiver_gets_one_text_that_says_who_how_much_and_until_when(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.transferred", transfer(bench))
    await bench.publish("settlement.results.transferred", transfer(bench))
    await bench.work()
    ((_, content),) = bench.sms.sent
    assert "您的父母于" in content.sms
    assert "500.00元" in content.sms
    assert "逾期自动退回对方" in content.sms
    await bench.publish("settlement.results.transferred", transfer(bench, "accepted"))
    await bench.work()
    assert len(bench.sms.sent) == 1


@pytest.mark.parametrize("state", ["accepted", "returned"])
async def test_an_offer_of_the_night_that_was_answered_or_went_back_is_not_told_in_the_morning(
    pool: db.Pool, state: str
) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.transferred", transfer(bench))
    await bench.work()
    assert bench.sms.sent == []
    bench.clock.forward(hours=7)
    await bench.publish("settlement.results.transferred", transfer(bench, state))
    bench.clock.forward(hours=4)
    await bench.work()
    assert (bench.sms.sent, await bench.notices()) == ([], [("expired", "overtaken")])
