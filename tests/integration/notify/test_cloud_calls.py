"""Calls by both clouds' own SDKs, unchanged, against stand-ins that verify signatures, with notices on real PostgreSQL."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from deploy.peers.clouds import KEY, REPORT_KEY, SECRET
from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.links import receipts_into
from services.notify.providers.catalogue import KINDS, Entry
from services.notify.providers.interface import Around, LooksUp, Order, Provider, Sent, StoreReceipts
from services.notify.reports import Reports
from shared import db
from shared.contracts.binding_decisions import State
from shared.metrics import Metrics
from tests.integration.notify.bench_line import Bench, Direct, migrated
from tests.integration.notify.helpers import start, stop, until
from tests.integration.notify.records import decision, reachable
from tests.integration.notify.test_quiet import Kept, kept

__all__ = ["kept"]

NAMES = ("alibaba-voice", "tencent-voice")
REFERENCE = "0192f0c15a0070008000000000000001001"
CONTENT = Content(
    "", "", "", "",
    opening_template="opening.call.v1", opening_variables={"hotline": "一二三九三", "surname": "王姓参保人"},
    call_template="approved.sponsor.call.v1", call_variables={"at": "三月一日"},
    hint_template="hint.call.v1", hint_variables={"surname": "王姓参保人", "hotline": "一二三九三"},
)  # fmt: skip


class Sky:
    """Both clouds, the door for their reports, and a notify behind it, once there is one."""

    def __init__(self, out: Path) -> None:
        self.out, self.port, self.reports = out, 0, ""
        self.bench: Bench | None = None

    def store(self, provider: str) -> StoreReceipts:
        async def keep(receipts: Any) -> None:
            if self.bench:
                outcomes = Direct(self.bench.step.apply)
                await receipts_into(outcomes, self.bench.clock, provider)(receipts)

        return keep

    def provider(self, name: str, *, secret: str = SECRET, port: int | None = None) -> Provider:
        common: dict[str, Any] = {
            "endpoint": f"127.0.0.1:{port or self.port}",
            "insecure": True,
            "timeout": 5,
        }
        common |= {"report_key": REPORT_KEY}
        if name == "alibaba-voice":
            common |= {"access_key_id": KEY, "access_key_secret": secret, "caller": "057112345678"}
        else:
            common |= {"secret_id": KEY, "secret_key": secret, "sdk_app_id": "1400000000"}
        settings = KINDS[name][0].model_validate(common)
        return Entry(name, name, 100, settings).make(Around(self.store, lambda one, _: f"code of {one}"))

    def calls(self) -> list[dict[str, Any]]:
        file = self.out / "cloud-calls.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


@pytest_asyncio.fixture
async def sky(tmp_path: Path) -> AsyncIterator[Sky]:
    one = Sky(tmp_path)
    port = asyncio.get_running_loop().create_future()
    door = Reports([one.provider(name, port=9) for name in NAMES], one.store, Gauges(Metrics()))
    task = asyncio.create_task(door.run("127.0.0.1", 0, ready=port.set_result))
    one.reports = f"http://127.0.0.1:{await port}"
    process, one.port = await asyncio.to_thread(
        start, "deploy.peers.clouds", tmp_path, "clouds.port", "--reports", one.reports
    )
    yield one
    stop(process)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


def order(fate: str) -> Order:
    return Order(REFERENCE, f"+86138000000{fate}", CONTENT)


async def called(sky: Sky, pool: db.Pool, name: str, fate: str, overlay: Path | None = None) -> Bench:
    """A refusal is told by a call of this provider to a telephone of this fate."""
    bench = sky.bench = Bench(pool, overlay=overlay)
    ann = reachable(1, fate)
    bench.providers = [bench.sms, sky.provider(name)]
    bench.sender = bench.make_sender()
    await bench.publish("registry.persons.recorded", ann.recorded(no_sms=True), "authority")
    await bench.publish("binding.decisions.refused", decision(1, ann, state=State.REFUSED))
    await bench.work()
    return bench


async def ends(bench: Bench, state: str, reason: str | None, attempt: str) -> None:
    """Waits until the notice and its attempt are so."""
    wanted = [(state, reason)], [("call", attempt)]
    end = time.monotonic() + 60
    while (found := (await bench.notices(), await bench.attempts())) != wanted:
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


def hinting(folder: Path) -> Path:
    """Regions' files in which a call that only asks to ring the hotline counts as told."""
    files = folder / "regions"
    files.mkdir()
    text = 'region: "370000"\nnotice:\n  hint_tells:\n    - {from: 2026-01-01, value: true, reference: 测试, grade: B}\n'
    (files / "370000-shandong.yaml").write_text(text, "utf-8")
    return files


async def test_alibaba_says_who_calls_first_and_the_details_after_the_key_only(sky: Sky) -> None:
    provider = sky.provider("alibaba-voice")
    opening = ["code of opening.call.v1", CONTENT.opening_variables]
    details = ["code of approved.sponsor.call.v1", CONTENT.call_variables]
    for fate, said, keys in (
        ("01", [opening, details], "1"),
        ("87", [opening, opening, details], "21"),
        ("99", [opening], ""),
        ("97", [opening], ""),
        ("94", [], ""),
    ):
        assert (await provider.send(order(fate))).outcome is Outcome.ACCEPTED
        call = sky.calls()[-1]
        assert (call["number"], call["said"], call["keys"]) == (f"138000000{fate}", said, keys)


async def test_tencent_never_gets_the_details(sky: Sky) -> None:
    result = await sky.provider("tencent-voice").send(order("01"))
    assert (result.outcome, len(result.provider_ids)) == (Outcome.ACCEPTED, 2)
    (call,) = sky.calls()
    assert call["said"] == [["code of hint.call.v1", ["王姓参保人", "一二三九三"]]]
    assert "三月一日" not in json.dumps(call, ensure_ascii=False)


@pytest.mark.parametrize(
    ("fate", "state", "reason", "attempt"),
    [
        ("01", "delivered", None, "delivered"),  # pressed 1
        ("87", "delivered", None, "delivered"),  # pressed 2, then 1
        ("99", "created", "call-temporary", "temporary-failure"),  # pressed nothing
        ("97", "created", "call-temporary", "temporary-failure"),  # hung up
        ("94", "created", "call-temporary", "temporary-failure"),  # busy
        ("95", "created", "call-temporary", "temporary-failure"),  # no answer
        ("86", "created", "call-temporary", "temporary-failure"),  # switched off
        ("90", "handed-to-staff", "call-permanent", "permanent-failure"),  # no such number
    ],
)
async def test_a_notice_ends_as_alibabas_reports_say(
    sky: Sky, pool: db.Pool, fate: str, state: str, reason: str | None, attempt: str
) -> None:
    bench = await called(sky, pool, "alibaba-voice", fate)
    await ends(bench, state, reason, attempt)
    assert len(sky.calls()) == 1


async def test_a_call_whose_answer_was_lost_is_known_again_by_its_report_and_not_repeated(
    sky: Sky, pool: db.Pool
) -> None:
    bench = await called(sky, pool, "alibaba-voice", "88")
    await ends(bench, "delivered", None, "delivered")
    bench.clock.forward(hours=1)
    await bench.work()
    assert len(sky.calls()) == 1


async def test_a_call_whose_process_died_is_known_again_by_its_report(sky: Sky, pool: db.Pool) -> None:
    bench = await called(sky, pool, "alibaba-voice", "98")  # slow: it rings while the process dies
    await pool.execute("delete from parts")  # as if the answer had never been stored
    await pool.execute("update notices set state = 'sending', leased_until = now() - interval '1 second'")
    await pool.execute("update attempts set state = 'sending', parts = 0, code = ''")
    bench.clock.forward(minutes=6)
    await bench.sender.overdue()
    await ends(bench, "delivered", None, "delivered")
    assert len(sky.calls()) == 1


async def test_what_became_of_a_call_can_be_looked_up_unless_only_its_keys_could_tell(sky: Sky) -> None:
    provider = sky.provider("alibaba-voice")
    assert isinstance(provider, LooksUp)
    found: dict[str, Outcome | None] = {}
    for fate in ("90", "94", "95", "86", "01"):
        taken = await provider.send(order(fate))
        sent = Sent(REFERENCE, order(fate).number, datetime.now(UTC), timedelta(minutes=5), (), taken.code)
        unknown = Sent(REFERENCE, order(fate).number, datetime.now(UTC), timedelta(minutes=5), (), "crashed")
        assert await provider.look_up(unknown) is None
        async with asyncio.timeout(30):
            while (result := await provider.look_up(sent)) is None and fate != "01":
                await asyncio.sleep(0.05)
        found[fate] = result.outcome if result else None
    temporary = dict.fromkeys(("94", "95", "86"), Outcome.TEMPORARY)
    assert found == {"90": Outcome.PERMANENT, **temporary, "01": None}


@pytest.mark.parametrize(
    ("fate", "state", "reason", "attempt"),
    [
        ("01", "handed-to-staff", "call-hinted", "permanent-failure"),
        ("94", "created", "call-temporary", "temporary-failure"),
        ("86", "created", "call-temporary", "temporary-failure"),
        ("90", "handed-to-staff", "call-permanent", "permanent-failure"),
    ],
)
async def test_a_call_that_only_hints_leaves_the_telling_to_the_staff(
    sky: Sky, pool: db.Pool, fate: str, state: str, reason: str, attempt: str
) -> None:
    bench = await called(sky, pool, "tencent-voice", fate)
    await ends(bench, state, reason, attempt)


async def test_a_call_that_only_hints_tells_where_the_region_says_so(
    sky: Sky, pool: db.Pool, tmp_path: Path
) -> None:
    bench = await called(sky, pool, "tencent-voice", "01", hinting(tmp_path))
    await ends(bench, "delivered", None, "delivered")


async def test_who_answers_a_hint_and_presses_nothing_is_called_again(sky: Sky, pool: db.Pool) -> None:
    bench = await called(sky, pool, "tencent-voice", "99")
    async with asyncio.timeout(60):
        while await pool.fetchval("select count(*) from parts where fate is not null") < 1:
            await asyncio.sleep(0.05)
    assert await bench.notices() == [("pending", None)]
    bench.clock.forward(minutes=11)
    await bench.work()
    assert len(sky.calls()) == 2


async def test_a_call_of_tencent_whose_answer_was_lost_waits_for_its_time(sky: Sky, pool: db.Pool) -> None:
    bench = await called(sky, pool, "tencent-voice", "88")
    await ends(bench, "unknown", None, "unknown")
    bench.clock.forward(minutes=6)
    await bench.work()
    assert (await bench.notices())[0][0] == "unknown"
    assert len(sky.calls()) == 1


async def test_a_forged_report_changes_nothing(sky: Sky, pool: db.Pool) -> None:
    bench = await called(sky, pool, "alibaba-voice", "98")
    (call,) = sky.calls()
    report = [{"out_id": call["reference"], "status_code": "200004", "call_id": "1^1", "dtmf": ""}]
    async with httpx.AsyncClient(timeout=10) as client:
        for key in ({}, {"key": "guessed-key-of-a-stranger"}):
            said = await client.post(f"{sky.reports}/receipts/alibaba-voice", params=key, json=report)
            assert said.status_code == httpx.codes.FORBIDDEN
    assert await pool.fetchval("select count(*) from parts where fate is not null") == 0
    await ends(bench, "delivered", None, "delivered")


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_secret_and_a_closed_port_call_nobody(sky: Sky, name: str) -> None:
    forged = await sky.provider(name, secret="wrong").send(order("01"))
    assert (forged.outcome, forged.reason) == (Outcome.TECHNICAL, "call-technical")
    closed = sky.provider(name, port=9)
    away = await closed.send(order("01"))
    assert (away.outcome, away.code, closed.up) == (Outcome.TECHNICAL, "not reached", False)
    assert sky.calls() == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_call_and_its_reports_leave_no_trace(sky: Sky, pool: db.Pool, kept: Kept, name: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        await called(sky, pool, name, "01")
        fates = "select count(*) from parts where fate is not null"
        async with asyncio.timeout(60):
            while await pool.fetchval(fates) < 2:
                await asyncio.sleep(0.05)
        results = [
            await sky.provider(name, secret="wrong").send(order("01")),
            await sky.provider(name, port=9).send(order("01")),
        ]
    hidden = ["1395383", order("01").number[3:], "王姓", "三月一日", KEY, SECRET, REPORT_KEY]
    written = "\n".join([*kept.lines, out.getvalue(), err.getvalue(), str(results)])
    assert [one for one in hidden if one in written] == []


async def test_reports_come_again_until_they_are_stored(sky: Sky, pool: db.Pool) -> None:
    keep = sky.store
    failed: list[str] = []

    def broken(provider: str) -> StoreReceipts:
        stored = keep(provider)

        async def once(receipts: Any) -> None:
            if len(failed) < 3:
                failed.append(provider)
                raise ConnectionError
            await stored(receipts)

        return once

    door = Reports([sky.provider("alibaba-voice")], broken, Gauges(Metrics()))
    port = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(door.run("127.0.0.1", 0, ready=port.set_result))
    out = sky.out / "second"
    process, sky.port = await asyncio.to_thread(
        start, "deploy.peers.clouds", out, "clouds.port", "--reports", f"http://127.0.0.1:{await port}"
    )
    try:
        bench = await called(sky, pool, "alibaba-voice", "01")
        await ends(bench, "delivered", None, "delivered")
        await until(lambda: len(failed) == 3)
    finally:
        stop(process)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
