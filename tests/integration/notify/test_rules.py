"""Whom, how and once: the rules of telling, with real tables and a clock that the test moves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.notify.domain.course import Outcome
from services.notify.providers.interface import Result, Sent
from shared import db
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Relation
from shared.contracts.notices import Acknowledged
from shared.contracts.settlement_results import Holder, Refunded, Settled, Share
from shared.testing.messages import MONDAY, msgid
from tests.integration.notify.bench_line import Bench, Played, migrated
from tests.integration.notify.records import decision, reachable

ANN, BOB = reachable(1), reachable(2)
ORIGIN = Origin(source="zheliban", id="r-1")


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


@pytest.mark.parametrize(
    ("suffix", "state"),
    [
        ("received", State.RECEIVED),
        ("withdrawn", State.WITHDRAWN),
        ("changed", State.APPROVED),
        ("resumed", State.APPROVED),
    ],
)
async def test_some_kinds_are_for_the_message_centre_alone(pool: db.Pool, suffix: str, state: State) -> None:
    bench = Bench(pool)
    for who in (ANN, BOB):
        await bench.publish("registry.persons.recorded", who.recorded(), "authority")
    await bench.publish(f"binding.decisions.{suffix}", decision(1, ANN, BOB, state=state, origin=ORIGIN))
    await bench.publish(
        f"binding.decisions.{suffix}", decision(2, ANN, BOB, state=state)
    )  # a website shows nothing
    await bench.work()
    assert await bench.said() == ["answers.message", "binding.notices.sent"]
    assert bench.sms.sent == bench.call.sent == []
    notice_id = await pool.fetchval("select id from notices")
    await bench.publish(
        "notice.receipts.acknowledged", Acknowledged(notice_id=notice_id, at=MONDAY), "zheliban"
    )
    assert await bench.notices() == [("delivered", None)]


async def test_what_nobody_looked_at_in_the_message_centre_is_no_work_for_the_staff(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.received", decision(1, ANN, state=State.RECEIVED, origin=ORIGIN))
    bench.clock.forward(hours=73)
    await bench.work()
    assert await bench.notices() == [("expired", "message-centre-silence")]


async def test_the_message_centre_may_come_first(pool: db.Pool, tmp_path: Path) -> None:
    text = 'region: "370000"\nnotice:\n  centre_wait:\n    - {from: 2026-01-01, value: 900, reference: 测试, grade: B}\n'
    (tmp_path / "370000-shandong.yaml").write_text(text, encoding="utf-8")
    bench = Bench(pool, overlay=tmp_path)
    for n, who in enumerate((ANN, BOB)):
        await bench.publish("registry.persons.recorded", who.recorded(), "authority")
        body = decision(n, who, state=State.REFUSED, origin=Origin(source="zheliban", id=f"r-{n}"))
        await bench.publish("binding.decisions.refused", body)
    bench.clock.forward(minutes=14)
    await bench.work()
    assert bench.sms.sent == []
    seen = await pool.fetchval("select id from notices where psn_no = $1", ANN.psn_no)
    await bench.publish(
        "notice.receipts.acknowledged",
        Acknowledged(notice_id=seen, at=MONDAY),
        "zheliban",
        said_at=bench.clock.now(),
    )
    bench.clock.forward(minutes=2)
    await bench.work()
    assert [number for number, _ in bench.sms.sent] == [f"+86{BOB.tel}"]


def share(amount: int) -> Share:
    return Share(
        holder=Holder.SPONSOR,
        psn_no=ANN.psn_no,
        segment="current",
        amount=amount,
        balance_after=100,
        admdvs="370900",
        relation=Relation.PARENT,
    )


def paid() -> Settled:
    return Settled(
        setl_id="S1", msgid=msgid(), infno="2207", origin=Origin(source="his-first", id="1"), fixmedins_code="H33010000001",
        psn_no=BOB.psn_no, mdtrt_id="M1", med_type="11", at=MONDAY, medfee_sumamt=1250, fund_pay_sumamt=0, hosp_part_amt=0,
        acct_pay=0, acct_mulaid_pay=1250, psn_cash_pay=0, shares=(share(1250),), policy_version="0",
    )  # fmt: skip


def given_back() -> Refunded:
    return Refunded(
        setl_id="S1", number=2, msgid=msgid(), infno="2208", origin=Origin(source="his-first", id="2"), fixmedins_code="H33010000001",
        psn_no=BOB.psn_no, at=MONDAY, acct_pay=0, acct_mulaid_pay=0, psn_cash_pay=1250, shares=(share(1250),),
    )  # fmt: skip


@pytest.mark.parametrize(("wish", "texts"), [(None, 1), (True, 1), (False, 0)])
async def test_money_is_told_to_who_wants_to_hear_of_it(pool: db.Pool, wish: bool | None, texts: int) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(optional_notices=wish), "authority")
    await bench.publish("settlement.results.settled", paid(), "gongji-settlement")
    await bench.work()
    assert len(bench.sms.sent) == texts
    assert len(await bench.notices()) == texts


async def test_who_declines_before_it_is_sent_is_not_told(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.settled", paid(), "gongji-settlement")
    await bench.publish(
        "registry.persons.recorded", ANN.recorded(version=2, optional_notices=False), "authority"
    )
    bench.clock.forward(hours=10)
    await bench.work()
    assert await bench.notices() == [("expired", "not-wanted")]
    assert bench.sms.sent == bench.call.sent == []


async def test_money_that_was_not_heard_of_is_neither_called_for_nor_work_for_the_staff(
    pool: db.Pool,
) -> None:
    bench = Bench(pool, sms=[Result(Outcome.PERMANENT, "sms-permanent")])
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.settled", paid(), "gongji-settlement")
    await bench.work()
    assert await bench.notices() == [("permanent-failure", "sms-permanent")]
    assert bench.call.sent == []


async def test_results_of_one_settlement_leave_in_order_and_each_by_itself(pool: db.Pool) -> None:
    bench = Bench(
        pool,
        sms=[
            Result(Outcome.THROTTLED, "sms-throttled"),
            Result(Outcome.ACCEPTED, "sms-accepted", "0", ("a",)),
            Result(Outcome.ACCEPTED, "sms-accepted", "0", ("b",)),
        ],
    )
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.settled", paid(), "gongji-settlement")
    await bench.publish("settlement.results.refunded", given_back(), "gongji-settlement")
    for _ in range(4):
        await bench.work()
        bench.clock.forward(seconds=5)
    assert ["支付" in content.sms for _, content in bench.sms.sent] == [True, True, False]
    assert "退回" in bench.sms.sent[-1][1].sms


async def test_a_decision_that_a_later_one_overtakes_overnight_is_folded_into_it(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.approved", decision(1, ANN, at=bench.clock.now()))
    ended = decision(1, ANN, state=State.ENDED, version=3, at=bench.clock.now() + timedelta(hours=1))
    await bench.publish("binding.decisions.ended", ended)
    assert await bench.notices() == [("expired", "overtaken"), ("created", None)]
    bench.clock.forward(hours=10)
    await bench.work()
    assert ["解除" in content.sms for _, content in bench.sms.sent] == [True]


async def test_papers_that_were_brought_are_not_called_for_after_a_text_that_got_lost(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish(
        "binding.decisions.supplement-requested", decision(1, ANN, state=State.SUPPLEMENT_REQUESTED)
    )
    await bench.work()
    await bench.publish(
        "binding.decisions.under-review", decision(1, ANN, state=State.UNDER_REVIEW, version=3)
    )
    assert await bench.notices() == [("pending", None)]
    await bench.receipt("sms-1", "permanent")
    bench.clock.forward(hours=1)
    await bench.work()
    assert await bench.notices() == [("expired", "overtaken")]
    assert bench.call.sent == []


class Knows(Played):
    """A provider that can be asked."""

    async def look_up(self, sent: Sent) -> Result | None:
        self.asked = sent
        return self.answers.pop(0)

    def says(self, *answers: Result | None) -> None:
        self.answers = list(answers)


async def looked_up_later(pool: db.Pool, first: Result, *answers: Result | None) -> tuple[Bench, Knows]:
    """A text of which nothing is heard, and a provider that can be asked."""
    bench = Bench(pool)
    cloud = Knows("sms", [first])
    cloud.says(*answers)
    bench.providers = [cloud, bench.call]
    bench.sender = bench.make_sender()
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", decision(1, ANN, state=State.REFUSED))
    await bench.work()
    return bench, cloud


async def test_a_provider_that_lost_sight_of_a_text_that_it_took_is_not_given_it_again(pool: db.Pool) -> None:
    never = Result(Outcome.TECHNICAL, "sms-never-taken")
    bench, cloud = await looked_up_later(
        pool, Result(Outcome.ACCEPTED, "sms-accepted", "0", ("x",)), never, never
    )
    for minutes in (5, 24):
        bench.clock.forward(minutes=minutes)
        await bench.work()
    assert (await bench.notices(), len(cloud.sent)) == ([("pending", None)], 1)


async def test_who_has_another_number_by_now_is_not_looked_up_under_it(pool: db.Pool) -> None:
    never = Result(Outcome.TECHNICAL, "sms-never-taken")
    bench, cloud = await looked_up_later(pool, Result(Outcome.UNKNOWN, "sms-unknown", "timeout"), never)
    moved = ANN.recorded().model_copy(update={"tel": "13900000001", "version": 2})
    await bench.publish("registry.persons.recorded", moved, "authority")
    bench.clock.forward(minutes=5)
    await bench.work()
    assert (len(cloud.answers), len(cloud.sent)) == (1, 1)
    assert await bench.notices() == [("unknown", None)]


@pytest.mark.parametrize(
    ("answers", "texts", "end"),
    [
        ([Result(Outcome.DELIVERED, "sms-delivered")], 1, ("delivered", None)),
        ([Result(Outcome.PERMANENT, "sms-permanent")], 1, ("delivered", None)),  # by the call that follows
        ([Result(Outcome.TECHNICAL, "sms-never-taken")], 2, ("pending", None)),
        ([None, None], 1, ("delivered", None)),
    ],
)
async def test_what_is_unknown_is_looked_up_before_anything_is_sent_again(
    pool: db.Pool, answers: list[Result | None], texts: int, end: tuple[str, str | None]
) -> None:
    bench = Bench(pool)
    cloud = Knows(
        "sms",
        [
            Result(Outcome.UNKNOWN, "sms-unknown", "timeout"),
            Result(Outcome.ACCEPTED, "sms-accepted", "0", ("x",)),
        ],
    )
    cloud.says(*answers)
    bench.providers = [cloud, bench.call]
    bench.sender = bench.make_sender()
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", decision(1, ANN, state=State.REFUSED))
    await bench.work()
    assert await bench.notices() == [("unknown", None)]
    for minutes in (4, 1, 1, 25):
        assert len(cloud.sent) == 1 or cloud.answers == []
        bench.clock.forward(minutes=minutes)
        await bench.work()
        if minutes == 1 and end == ("pending", None):
            bench.clock.forward(seconds=5)
            await bench.work()
            break
    assert (await bench.notices(), len(cloud.sent), cloud.answers) == ([end], texts, [])
