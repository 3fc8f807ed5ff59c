"""The SMPP session against the stand-in SMS centre: another implementation of the protocol, in another process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.notify.clients.smpp import SmppClient, SmppOptions
from services.notify.clients.smpp_pdu import Answer
from services.notify.domain.receipts import Fate, Receipt
from tests.integration.notify.helpers import appears, until

PREFIX = "+861390000"


class Store:
    """Keeps receipts; `fail` times it refuses to, as a database that is away."""

    def __init__(self) -> None:
        self.fates: dict[str, Fate] = {}
        self.fail = 0
        self.came = asyncio.Event()

    async def __call__(self, receipts: Sequence[Receipt]) -> None:
        if self.fail:
            self.fail -= 1
            raise ConnectionError("database is away")
        self.fates |= {receipt.provider_id: receipt.fate for receipt in receipts}
        self.came.set()

    async def of(self, ids: tuple[str, ...]) -> list[Fate]:
        """The fates of these parts, once all are there."""
        async with asyncio.timeout(60):
            while not set(ids) <= self.fates.keys():
                self.came.clear()
                await self.came.wait()
        return [self.fates[one] for one in ids]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest_asyncio.fixture
async def link(smsc: tuple[int, Path], store: Store) -> AsyncIterator[SmppClient]:
    options = SmppOptions("127.0.0.1", smsc[0], "gongji", "secret", "12393", response_timeout=60)
    client = SmppClient(options, store)
    task = asyncio.create_task(client.run())
    await asyncio.wait_for(client.wait_up(), 60)
    yield client
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def received(out: Path, number: str) -> list[dict[str, Any]]:
    lines = (out / "sms.jsonl").read_text(encoding="utf-8").splitlines()
    return [heard for line in lines if (heard := json.loads(line))["number"] == number.removeprefix("+")]


async def test_chinese_text_arrives_and_its_receipt_comes_back(
    link: SmppClient, store: Store, smsc: tuple[int, Path]
) -> None:
    text = "【医保局】您申请的家庭共济已于11月23日审核通过，自即日起生效。"
    sent = await link.send(f"{PREFIX}0001", text)
    assert sent.answer is Answer.ACCEPTED
    assert await store.of(sent.provider_ids) == [Fate.DELIVERED]
    assert [(heard["text"], heard["parts"]) for heard in received(smsc[1], f"{PREFIX}0001")] == [(text, 1)]


async def test_long_text_travels_in_parts_of_67_and_is_joined(
    link: SmppClient, store: Store, smsc: tuple[int, Path]
) -> None:
    text = "需补充户口本、结婚证；" * 15 + "𠮷"  # the last character needs two UCS-2 units
    sent = await link.send(f"{PREFIX}0002", text)
    assert len(sent.provider_ids) == 3
    assert await store.of(sent.provider_ids) == [Fate.DELIVERED] * 3
    assert [(heard["text"], heard["parts"]) for heard in received(smsc[1], f"{PREFIX}0002")] == [(text, 3)]


@pytest.mark.parametrize(
    ("digits", "fate"), [("90", Fate.PERMANENT), ("92", Fate.TEMPORARY), ("98", Fate.DELIVERED)]
)
async def test_receipt_tells_the_fate(link: SmppClient, store: Store, digits: str, fate: Fate) -> None:
    sent = await link.send(f"{PREFIX}00{digits}", "您的申请有了新进展。")
    assert await store.of(sent.provider_ids) == [fate]


async def test_refusal_and_throttling_are_told_apart(link: SmppClient) -> None:
    refused = await link.send(f"{PREFIX}0191", "您的申请有了新进展。")
    assert (refused.answer, refused.code) == (Answer.PERMANENT, "0x0b")
    answers = [(await link.send(f"{PREFIX}0193", "您的申请有了新进展。")).answer for _ in range(3)]
    assert answers == [Answer.THROTTLED, Answer.THROTTLED, Answer.ACCEPTED]


async def test_a_submit_that_is_never_answered_is_unknown_after_the_wait(link: SmppClient) -> None:
    link._o = replace(link._o, response_timeout=0.5)
    assert (await link.send(f"{PREFIX}0188", "您的申请有了新进展。")).answer is Answer.UNKNOWN


async def test_receipt_that_cannot_be_stored_comes_again(link: SmppClient, store: Store) -> None:
    store.fail = 1
    sent = await link.send(f"{PREFIX}0003", "您的申请有了新进展。")
    assert await store.of(sent.provider_ids) == [Fate.DELIVERED]
    assert store.fail == 0


async def test_many_in_flight_each_keeps_its_own_answer(link: SmppClient, store: Store) -> None:
    sent = await asyncio.gather(*(link.send(f"{PREFIX}{n:02d}01", f"第{n}条") for n in range(60)))
    ids = [one for submission in sent for one in submission.provider_ids]
    assert len(set(ids)) == 60
    assert set(await store.of(tuple(ids))) == {Fate.DELIVERED}


async def test_number_that_is_no_number_never_reaches_the_link(link: SmppClient) -> None:
    with pytest.raises(ValueError, match="not a dialable number"):
        await link.send("138;rm", "您的申请有了新进展。")


async def test_session_comes_back_after_the_centre_was_killed(tmp_path: Path, store: Store) -> None:
    def start(port: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.peers.smsc", "--out", str(tmp_path), "--port", str(port)]
        )

    centre = start(0)
    port = int((await appears(tmp_path / "smsc.port")).read_text())
    client = SmppClient(SmppOptions("127.0.0.1", port, "u", "p", "12393", response_timeout=60), store)
    task = asyncio.create_task(client.run())
    try:
        await asyncio.wait_for(client.wait_up(), 60)
        in_flight = asyncio.create_task(client.send(f"{PREFIX}0288", "您的申请有了新进展。"))
        await until(lambda: client._waiting)
        os.kill(centre.pid, signal.SIGKILL)
        assert (await in_flight).answer is Answer.UNKNOWN
        assert (await client.send(f"{PREFIX}0201", "您的申请有了新进展。")).answer is Answer.TECHNICAL
        centre.wait()
        centre = start(port)
        await asyncio.wait_for(client.wait_up(), 60)
        sent = await client.send(f"{PREFIX}0201", "您的申请有了新进展。")
        assert await store.of(sent.provider_ids) == [Fate.DELIVERED]
        assert client.binds == 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        centre.kill()
        centre.wait()
