"""Every state of a notice, from a published record: on real PostgreSQL, with providers that a test plays and a clock it moves."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.notify.domain.course import Outcome
from services.notify.providers.interface import Order, Result
from shared import db
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.contracts.notices import Acknowledged
from shared.contracts.settlement_results import Holder, Settled, Share
from shared.testing.identities import MadeUp
from shared.testing.messages import MONDAY, msgid, uid
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import decision, reachable

ANN, BOB = reachable(1), reachable(2)
ACCEPTED = Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-1",))
BUSY = Result(Outcome.TEMPORARY, "call-busy", "486 Busy Here")


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def told(
    bench: Bench, *people: MadeUp, body: BindingState | None = None, suffix: str = "refused"
) -> None:
    """The persons are recorded, then the decision is published."""
    for person in people:
        await bench.publish("registry.persons.recorded", person.recorded(), "authority")
    await bench.publish(f"binding.decisions.{suffix}", body or decision(1, ANN, state=State.REFUSED))


async def test_delivered_by_text(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN)
    assert await bench.notices() == [("created", None)]
    await bench.work()
    assert await bench.notices() == [("pending", None)]
    await bench.receipt("sms-1", "delivered")
    assert await bench.notices() == [("delivered", None)]
    assert await bench.attempts() == [("sms", "delivered")]
    assert await bench.said() == ["binding.notices.sent", "answers.binding", "binding.notices.delivered"]
    assert bench.sms.sent[0][0] == "+8613953830101"


async def test_final_state_never_moves(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN)
    await bench.work()
    await bench.receipt("sms-1", "delivered")
    said = await bench.said()
    await bench.receipt("sms-1", "permanent")
    bench.clock.forward(hours=2)
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    assert await bench.said() == said


async def test_receipt_before_the_submits_answer_counts(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN)
    await bench.receipt("sms-1", "delivered")
    assert await bench.notices() == [("created", None)]
    await bench.work()
    assert await bench.notices() == [("delivered", None)]


async def test_text_of_three_parts_needs_three_receipts(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[replace(ACCEPTED, provider_ids=("a", "b", "c"))])
    await told(bench, ANN)
    await bench.work()
    for part in ("c", "a"):
        await bench.receipt(part, "delivered")
    assert await bench.notices() == [("pending", None)]
    await bench.receipt("b", "pending")
    await bench.receipt("b", "delivered")
    assert await bench.notices() == [("delivered", None)]


@pytest.mark.parametrize(
    ("first", "fate", "attempt", "reason"),
    [
        (ACCEPTED, "permanent", "permanent-failure", "sms-permanent"),
        (ACCEPTED, "temporary", "temporary-failure", "sms-temporary"),
        (Result(Outcome.PERMANENT, "sms-permanent", "0x0b"), None, "permanent-failure", "sms-permanent"),
    ],
)
async def test_text_that_fails_becomes_a_call(
    pool: db.Pool, first: Result, fate: str | None, attempt: str, reason: str
) -> None:
    bench = Bench(pool, sms=[first])
    await told(bench, ANN)
    await bench.work()
    if fate:
        await bench.receipt("sms-1", fate)
    assert await bench.notices() in ([("created", reason)], [("delivered", None)])
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    assert await bench.attempts() == [("sms", attempt), ("call", "delivered")]
    assert [kind.rpartition(".")[2] for kind in await bench.said() if "notices" in kind] == [
        "sent",
        "failed",
        "sent",
        "delivered",
    ]


async def test_silence_becomes_a_call_after_the_regions_wait(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN)
    await bench.work()
    bench.clock.forward(minutes=29)
    await bench.work()
    assert bench.call.sent == []
    bench.clock.forward(minutes=2)
    await bench.work()
    assert await bench.attempts() == [("sms", "expired"), ("call", "delivered")]


async def test_late_receipt_ends_the_calls(pool: db.Pool) -> None:
    bench = Bench(pool, call=[BUSY])
    await told(bench, ANN)
    await bench.work()
    bench.clock.forward(minutes=31)
    await bench.work()
    assert await bench.notices() == [("created", "call-busy")]
    await bench.receipt("sms-1", "delivered")
    assert await bench.notices() == [("delivered", None)]
    bench.clock.forward(hours=1)
    await bench.work()
    assert len(bench.call.sent) == 1


async def test_unknown_outcome_is_never_sent_again_by_text(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[Result(Outcome.UNKNOWN, "sms-unknown", "TimeoutError")])
    await told(bench, ANN)
    await bench.work()
    assert await bench.attempts() == [("sms", "unknown")]
    bench.clock.forward(minutes=31)
    await bench.work()
    assert len(bench.sms.sent) == 1
    assert await bench.notices() == [("delivered", None)]


async def test_process_that_dies_while_sending_leaves_the_outcome_unknown(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN)
    hangs = asyncio.Event()

    async def hang(order: Order) -> Result:
        bench.sms.sent.append((order.number, order.content))
        await hangs.wait()
        return ACCEPTED

    bench.sms.send = hang  # type: ignore[method-assign]
    await bench.sender.round()
    await asyncio.sleep(0.05)
    for task in [task for running in bench.sender._running.values() for task in running]:
        task.cancel()
    await pool.execute("update notices set leased_until = clock_timestamp() - interval '1 second'")
    bench.sender = bench.make_sender()
    await bench.work()
    assert await bench.notices() == [("unknown", None)]
    assert await bench.attempts() == [("sms", "unknown")]
    assert len(bench.sms.sent) == 1


async def test_throttling_and_a_link_that_is_down_put_off_and_then_change_the_medium(pool: db.Pool) -> None:
    bench = Bench(
        pool,
        sms=[
            Result(Outcome.THROTTLED, "sms-throttled", "0x58"),
            Result(Outcome.TECHNICAL, "sms-technical", "link-down"),
            ACCEPTED,
        ],
    )
    await told(bench, ANN)
    await bench.work()
    assert await bench.notices() == [("created", "sms-throttled")]
    for seconds in (5, 10):
        bench.clock.forward(seconds=seconds)
        await bench.work()
    assert await bench.attempts() == [("sms", "technical-failure")] * 2 + [("sms", "pending")]
    assert await bench.said() == ["binding.notices.sent"]


async def test_calls_are_repeated_and_then_the_staff_must_go(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[Result(Outcome.PERMANENT, "sms-permanent")], call=[BUSY])
    await told(bench, ANN)
    for _ in range(4):
        await bench.work()
        bench.clock.forward(minutes=10)
    assert len(bench.call.sent) == 3
    assert await bench.notices() == [("handed-to-staff", "call-busy")]
    assert (await bench.said())[-1] == "binding.notices.handed-to-staff"


async def test_window_case_is_called_first(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN, body=decision(1, ANN, state=State.REFUSED, channel=ChannelKind.COUNTER))
    await bench.work()
    assert await bench.attempts() == [("call", "delivered")]
    assert bench.sms.sent == []


async def test_who_wants_no_texts_is_called(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(no_sms=True), "authority")
    await told(bench)
    await bench.work()
    assert await bench.attempts() == [("call", "delivered")]


async def test_region_without_calls_hands_over(pool: db.Pool, tmp_path: Path) -> None:
    only = 'region: "330000"\nnotice:\n  media:\n    - {from: 2026-01-01, value: [sms], reference: 测试, grade: B}\n'
    (tmp_path / "330000-zhejiang.yaml").write_text(only, encoding="utf-8")
    bench = Bench(pool, sms=[Result(Outcome.PERMANENT, "sms-permanent")], overlay=tmp_path)
    await told(bench, ANN, body=decision(1, ANN, state=State.REFUSED, region="330100"))
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "sms-permanent")]


async def test_medium_that_is_not_there_is_passed_over(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.providers = [bench.call]
    bench.sender = bench.make_sender()
    await told(bench, ANN)
    await bench.work()
    assert await bench.attempts() == [("call", "delivered")]


async def test_quiet_hours_are_kept_and_then_it_is_sent(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await told(bench, ANN)
    await bench.work()
    assert await bench.notices() == [("created", "quiet-hours")]
    bench.clock.forward(hours=9)
    await bench.work()
    assert await bench.notices() == [("pending", None)]


async def test_person_who_is_recorded_later_is_told_then(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench)
    await bench.work()
    assert await bench.notices() == [("created", "person-unknown")]
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    bench.clock.forward(seconds=20)
    await bench.work()
    assert await bench.notices() == [("pending", None)]


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (ANN.but(surv_stas="2", death_date=date(2026, 11, 1)), "deceased"),
        (ANN.but(tel=""), "no-number"),
        (None, "person-unknown"),
    ],
)
async def test_nothing_is_sent_to_who_cannot_be_reached(
    pool: db.Pool, person: MadeUp | None, reason: str
) -> None:
    bench = Bench(pool)
    await told(bench, *([person] if person else []))
    bench.clock.forward(minutes=11)
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", reason)]
    assert await bench.said() == ["binding.notices.handed-to-staff"]
    assert bench.sms.sent == bench.call.sent == []


async def test_erased_person_is_forgotten(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("registry.persons.recorded", None, "authority", key=ANN.psn_no, subject=ANN.psn_no)
    assert await pool.fetchval("select count(*) from persons") == 0


async def test_older_record_of_a_person_does_not_win(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(version=2, tel="13953830177"), "authority")
    await bench.publish("registry.persons.recorded", ANN.recorded(version=1), "authority")
    await told(bench)
    await bench.work()
    assert bench.sms.sent[0][0] == "+8613953830177"


async def test_child_is_told_through_the_sponsor(pool: db.Pool) -> None:
    bench = Bench(pool)
    child = BOB.but(brdy=date(2018, 6, 1))
    await told(bench, ANN, child, body=decision(1, ANN, child), suffix="approved")
    await bench.work()
    assert [number for number, _ in bench.sms.sent] == ["+8613953830101"]


async def test_old_decision_goes_to_the_staff(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN, body=decision(1, ANN, state=State.REFUSED, at=MONDAY - timedelta(hours=73)))
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "too-old")]
    assert bench.sms.sent == []


async def test_outage_that_outlasts_the_decision_goes_to_the_staff(pool: db.Pool) -> None:
    down = Result(Outcome.TECHNICAL, "call-technical", "worker-down")
    bench = Bench(pool, call=[down], sms=[Result(Outcome.PERMANENT, "sms-permanent")])
    await told(bench, ANN)
    await bench.work()
    bench.clock.forward(hours=73)
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "too-old")]


async def test_rebuilt_database_sends_nothing_from_before(pool: db.Pool) -> None:
    bench = Bench(pool, since=MONDAY + timedelta(minutes=1))
    await told(bench, ANN)
    await told(bench, body=decision(2, ANN, state=State.REFUSED, at=MONDAY - timedelta(days=9)))
    bench.clock.forward(minutes=2)
    await told(bench, body=decision(3, ANN, state=State.REFUSED, at=MONDAY))
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "before-rebuild"), ("pending", None)]
    assert len(bench.sms.sent) == 1


async def test_request_for_papers_is_overtaken_by_the_decision(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await told(
        bench,
        ANN,
        body=decision(1, ANN, state=State.SUPPLEMENT_REQUESTED, at=bench.clock.now()),
        suffix="supplement-requested",
    )
    await told(bench, body=decision(1, ANN, state=State.REFUSED, version=3, at=bench.clock.now()))
    bench.clock.forward(hours=9)
    await bench.work()
    assert await bench.notices() == [("expired", "overtaken"), ("pending", None)]
    assert len(bench.sms.sent) == 1


async def test_same_decision_again_changes_nothing(pool: db.Pool) -> None:
    bench = Bench(pool)
    await told(bench, ANN, BOB, body=decision(1, ANN, BOB), suffix="approved")
    await told(bench, body=decision(1, ANN, BOB), suffix="approved")
    await bench.work()
    assert len(await bench.notices()) == 2
    assert len(bench.sms.sent) == 2


async def test_two_senders_send_once(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.sms.results = [Result(Outcome.ACCEPTED, "sms-accepted", "0", (f"sms-{n}",)) for n in range(31)]
    for n in range(30):
        await told(bench, ANN, body=decision(n, ANN, state=State.REFUSED))
    senders = [bench.make_sender() for _ in range(3)]
    for _ in range(4):
        await asyncio.gather(*(sender.round() for sender in senders))
        await asyncio.gather(*(sender.drain(5) for sender in senders))
    assert len(bench.sms.sent) == 30
    assert {state for state, _ in await bench.notices()} == {"pending"}


async def test_one_call_to_one_person_at_a_time(pool: db.Pool) -> None:
    bench = Bench(pool)
    for n in range(3):
        await told(bench, ANN, body=decision(n, ANN, state=State.REFUSED, channel=ChannelKind.COUNTER))
    await bench.sender.round()
    assert len(bench.sender._running["call"]) == 1
    await bench.sender.drain(5)
    for called in (1, 2, 3):
        await bench.work()
        assert len(bench.call.sent) == called
        bench.clock.forward(minutes=1)


async def test_message_centre_is_used_beside_and_its_acknowledgement_is_final(pool: db.Pool) -> None:
    bench = Bench(pool)
    origin = Origin(source="zheliban", id="r-1")
    await told(bench, ANN, body=decision(1, ANN, state=State.EXPIRED, origin=origin), suffix="expired")
    await bench.work()
    assert await bench.said() == ["answers.message", "binding.notices.sent", "binding.notices.sent"]
    notice_id = await pool.fetchval("select id from notices")
    await bench.publish(
        "notice.receipts.acknowledged", Acknowledged(notice_id=notice_id, at=MONDAY), "zheliban"
    )
    assert await bench.notices() == [("delivered", None)]
    await bench.receipt("sms-1", "permanent")
    assert await bench.notices() == [("delivered", None)]


async def refusals(pool: db.Pool) -> list[list[str]]:
    """Codes of each refusal that was answered."""
    rows = await pool.fetch("select bodies from outbox where topic like 'answers.%' order by id")
    bodies = [json.loads(body) for row in rows for body in row["bodies"]]
    return [[one["code"] for one in body["reasons"]] for body in bodies if "request_type" in body]


async def test_acknowledgement_of_nothing_is_refused(pool: db.Pool) -> None:
    bench = Bench(pool)
    ack = Acknowledged(notice_id=uid(9), at=MONDAY)
    await bench.publish("notice.receipts.acknowledged", ack, "zheliban")
    assert await refusals(pool) == [["binding-unknown"]]


async def test_acknowledgement_of_somebody_elses_message_is_refused(pool: db.Pool) -> None:
    bench = Bench(pool)
    origin = Origin(source="zheliban", id="r-1")
    await told(bench, ANN, body=decision(1, ANN, state=State.REFUSED, origin=origin))
    notice_id = await pool.fetchval("select id from notices")
    ack = Acknowledged(notice_id=notice_id, at=MONDAY)
    await bench.publish("notice.receipts.acknowledged", ack, "jingtong")
    assert await refusals(pool) == [["not-your-binding"]]
    assert await bench.notices() == [("created", None)]


async def test_acknowledgement_with_wrong_fields_is_answered_field_by_field(pool: db.Pool) -> None:
    bench = Bench(pool)
    wrong = {"notice_id": str(uid(9)), "at": "2026-11-23T10:00:00"}
    await bench.publish_raw(
        "notice.receipts.acknowledged", wrong, "zheliban", key=str(uid(9)), subject=str(uid(9))
    )
    assert await refusals(pool) == [["field-invalid"]]


async def test_acknowledgement_of_another_day_is_refused(pool: db.Pool) -> None:
    bench = Bench(pool)
    ack = Acknowledged(notice_id=uid(9), at=MONDAY)
    await bench.publish("notice.receipts.acknowledged", ack, "zheliban", said_at=MONDAY - timedelta(days=30))
    assert await refusals(pool) == [["time-not-believed"]]


async def test_sponsor_hears_of_money_that_left_the_account(pool: db.Pool) -> None:
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    share = Share(
        holder=Holder.SPONSOR,
        psn_no=ANN.psn_no,
        segment="current",
        amount=1250,
        balance_after=100,
        admdvs="370900",
        relation=Relation.PARENT,
    )
    settled = Settled(
        setl_id="S1", msgid=msgid(), infno="2207", origin=Origin(source="his-first", id="1"), fixmedins_code="H33010000001",
        psn_no=BOB.psn_no, mdtrt_id="M1", med_type="11", at=MONDAY, medfee_sumamt=1250, fund_pay_sumamt=0, hosp_part_amt=0,
        acct_pay=0, acct_mulaid_pay=1250, psn_cash_pay=0, shares=(share,), policy_version="0",
    )  # fmt: skip
    await bench.publish("settlement.results.settled", settled, "gongji-settlement")
    await bench.work()
    assert "为您的父母在定点医院就医购药支付12.50元，当年余额1.00元" in bench.sms.sent[0][1].sms
    assert await pool.fetchval("select about from notices") == "S1"


async def test_attempt_that_our_own_code_breaks_may_have_been_sent_and_is_not_repeated(pool: db.Pool) -> None:
    bench = Bench(pool)

    async def broken(order: Order) -> Result:
        raise RuntimeError

    bench.sms.send = broken  # type: ignore[method-assign]
    await told(bench, ANN)
    await bench.work()
    assert await bench.notices() == [("unknown", None)]
