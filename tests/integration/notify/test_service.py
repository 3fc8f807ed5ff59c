"""notify from a published record to a text received, a call heard and a report read: the whole service as a process."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from deploy.local.testing import TestStack
from deploy.peers.hearing import HEARD, likeness, wav_pcm
from shared import clock
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind, MaterialKind
from shared.contracts.notices import Acknowledged
from shared.contracts.reasons import reason
from shared.testing.messages import MONDAY, uid
from tests.integration.notify.line import Line
from tests.integration.notify.records import decision, reachable


@pytest_asyncio.fixture
async def line(
    stack: TestStack,
    database_urls: dict[str, str],
    smsc: tuple[int, Path],
    phone: tuple[int, Path],
    tmp_path: Path,
) -> AsyncIterator[Line]:
    one = Line(
        stack.kafka,
        database_urls["notify"],
        smsc,
        phone,
        tmp_path,
        clock.with_anchor(MONDAY.isoformat()),
        f"notify-{time.time_ns()}",
    )
    await one.open()
    await one.start()
    yield one
    await one.close()


async def test_from_decisions_to_phones_and_back(line: Line) -> None:
    easy, landline, off, clerk = (
        reachable(n, fate) for n, fate in ((1, "01"), (2, "91"), (3, "92"), (4, "04"))
    )
    relative = reachable(5, "05")
    for who in (easy, landline, off, clerk, relative):
        await line.publish(
            "registry.persons.recorded", who.recorded(), f"p-{who.psn_no}-{line.group}", "authority"
        )
    b = [uid(time.time_ns() % 10**9 * 10 + n) for n in range(5)]
    told = {
        "approved": decision(1, easy, relative, binding_id=b[1]),
        "refused": decision(2, landline, binding_id=b[2], state=State.REFUSED, reasons=(reason("sponsor-not-normal"), reason("in-law-not-allowed"))),
        "rejected": decision(3, off, binding_id=b[3], state=State.REJECTED, reasons=(reason("relation-disagrees"),)),
        "supplement-requested": decision(
            4, clerk, binding_id=b[4], state=State.SUPPLEMENT_REQUESTED, channel=ChannelKind.COUNTER,
            supplement=(MaterialKind.HOUSEHOLD_REGISTER,), due_at=MONDAY.replace(day=30),
        ),
    }  # fmt: skip
    for suffix, body in told.items():
        await line.publish(f"binding.decisions.{suffix}", body, f"d-{suffix}-{line.group}")

    await line.until(b[1], "delivered", count=2)
    assert "审核通过" in line.texts("8613953830101")[-1]
    assert "您的子女为您申请的家庭共济" in line.texts("8613953830505")[-1]

    refused = await line.until(b[2], "delivered")
    assert [one[0] for one in refused] == ["sent", "failed", "sent", "delivered"]
    assert [one[1] for one in refused] == ["sms", "sms", "call", "call"]

    rejected = await line.until(b[3], "delivered")
    assert ("failed", "sms", 1, "sms-temporary") in rejected
    assert rejected[-1][:3] == ("delivered", "call", 2)

    supplement = await line.until(b[4], "delivered")
    assert [one[:2] for one in supplement] == [("sent", "call"), ("delivered", "call")]
    (call,) = line.calls("8613953830404")
    heard = wav_pcm(line.phone[1] / call["wav"])
    spoken = [file for file in (line.folder / "speech").glob("*.txt") if "户口本" in file.read_text("utf-8")]
    assert len(spoken) == 1
    assert "请在11月30日10点前补交，可带到受理窗口" in spoken[0].read_text("utf-8")
    assert likeness(spoken[0].with_suffix(".pcm").read_bytes(), heard) >= HEARD
    assert line.texts("8613953830404") == []

    answers = [
        body for kind, body in line.seen if kind == "answers.binding" and body["binding_id"] == str(b[1])
    ]
    assert [one["step"] for one in answers] == ["送达"]


async def test_topics_read_again_from_the_beginning_send_nothing(line: Line) -> None:
    sponsor = reachable(11, "11")
    await line.publish("registry.persons.recorded", sponsor.recorded(), f"p-{line.group}", "authority")
    about = uid(time.time_ns() % 10**10)
    body = decision(
        11,
        sponsor,
        binding_id=about,
        state=State.REFUSED,
        reasons=(reason("region-not-offered"),),
        origin=Origin(source="zheliban", id="r-11"),
    )
    await line.publish("binding.decisions.refused", body, f"d-{line.group}")
    await line.until(about, "delivered")
    texts = line.texts("8613953831111")
    conn = await asyncpg.connect(line.database_url)
    while await conn.fetchval(
        "select count(*) from notify.outbox"
    ):  # or the relay would publish it once more
        await asyncio.sleep(0.05)
    line.stop(hard=True)
    await conn.execute("update notify.consumed set next_offset = 0")
    await conn.execute("truncate notify.inbox")
    await conn.close()
    before = line.about(about)
    await line.start()
    later = uid(time.time_ns() % 10**10)
    await line.publish(
        "binding.decisions.refused",
        decision(12, sponsor, binding_id=later, state=State.REFUSED, reasons=body.reasons),
        f"e-{line.group}",
    )
    await line.until(later, "delivered")
    assert line.texts("8613953831111")[: len(texts)] == texts
    assert len(line.texts("8613953831111")) == len(texts) + 1
    assert line.about(about) == before


async def test_message_centre_shows_it_and_its_acknowledgement_ends_the_course(line: Line) -> None:
    sponsor = reachable(21, "99")  # the provider accepts and is silent
    await line.publish("registry.persons.recorded", sponsor.recorded(), f"p-{line.group}", "authority")
    about = uid(time.time_ns() % 10**10)
    body = decision(
        21, sponsor, binding_id=about, state=State.EXPIRED, origin=Origin(source="zheliban", id="r-21")
    )
    await line.publish("binding.decisions.expired", body, f"d-{line.group}")
    await line.until(about, "sent", count=2)
    (message,) = (
        one for kind, one in line.seen if kind == "answers.message" and one["binding_id"] == str(about)
    )
    assert "终止" in message["text"]
    ack = Acknowledged(notice_id=message["notice_id"], at=MONDAY)
    await line.publish("notice.receipts.acknowledged", ack, f"a-{line.group}", "zheliban")
    assert (await line.until(about, "delivered"))[-1][1] == "message-centre"
