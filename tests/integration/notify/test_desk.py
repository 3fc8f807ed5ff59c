"""`gongji notice` against a real notify: what is listed and shown, what goes on the record first, what is told or sent again, shares."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import generate_latest
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local.errors import StackError
from services.notify import desk_acts
from services.notify.domain.course import Outcome
from services.notify.gauges import Gauges
from services.notify.providers import storage as shares
from services.notify.providers.interface import Result
from shared import db
from shared.contracts.binding_decisions import State
from shared.metrics import Metrics
from shared.testing.proofs import DATA_KEY
from tests.integration.notify.bench_line import SEAL, Bench, migrated
from tests.integration.notify.records import REGION, decision, reachable

ANN = reachable(1)
DEAD_NUMBER = Result(Outcome.PERMANENT, "sms-permanent", "0x0b")
NOBODY = Result(Outcome.PERMANENT, "call-invalid", "404 Not Found")
TAKEN = Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-1",))
WHY = "本人来电查询结果"
OPERATORS = f"""operators:
  - {{id: near, roles: [clerk], regions: ["{REGION}"]}}
  - {{id: far, roles: [clerk], regions: ["110000"]}}
"""


class Office:
    """A notify whose notices fail, and the command line beside it."""

    def __init__(self, pool: db.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pool, self._patch = pool, monkeypatch
        self.bench = Bench(pool, sms=[DEAD_NUMBER], call=[NOBODY])

    async def tell(self, number: int = 1, version: int = 2, **person: Any) -> str:
        """A refusal that comes to its end; the notice's id."""
        await self.bench.publish("registry.persons.recorded", ANN.but(**person).recorded(), "authority")
        body = decision(number, ANN, state=State.REFUSED, version=version)
        await self.bench.publish("binding.decisions.refused", body)
        await self.bench.work()
        about = str(body.binding_id)
        return str(
            await self.pool.fetchval(
                "select id from notices where about = $1 and version = $2", about, version
            )
        )

    async def run(self, *arguments: object, typed: str = "") -> tuple[int, str]:
        """Exit status and what was printed; the text of a `StackError` likewise."""
        self._patch.setenv("GONGJI_CLOCK", self.bench.clock.now().isoformat())

        def call() -> tuple[int, str]:
            words = ["notice", *map(str, arguments)]
            result = CliRunner().invoke(build("notice"), words, input=typed)
            if isinstance(result.exception, StackError):
                return 1, str(result.exception)
            if result.exception and not isinstance(result.exception, SystemExit):
                raise result.exception
            return result.exit_code, result.output

        return await asyncio.to_thread(call)

    async def json(self, *arguments: object) -> Any:
        status, text = await self.run(*arguments, "--json")
        assert status == 0, text
        return json.loads(text)


@pytest_asyncio.fixture
async def office(
    database_urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    pool = await migrated(database_urls["notify"])
    operators = tmp_path / "operators.yaml"
    operators.write_text(OPERATORS, encoding="utf-8")
    for name, value in (
        ("GONGJI_OPERATORS", str(operators)),
        ("GONGJI_HOME", str(tmp_path / "home")),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
        ("GONGJI_NOTIFY_DATABASE_URL", database_urls["notify"]),
        ("GONGJI_NOTIFY_DATA_KEYS", DATA_KEY),
        ("COLUMNS", "80"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GONGJI_OPERATOR", raising=False)
    one = Office(pool, monkeypatch)
    entries: Any = [SimpleNamespace(name=name, weight=100) for name in ("sms", "call")]
    async with pool.acquire() as conn:
        await shares.configure(conn, one.bench.providers, entries, one.bench.clock.now())
    yield one
    await pool.close()


async def test_staff_see_what_is_theirs_and_nobodys_number(office: Office) -> None:
    one = await office.tell()
    rows = await office.json("list")
    assert [(row["id"], row["state"], row["kind"], row["region"]) for row in rows] == [
        (one, "handed-to-staff", "refused", REGION)
    ]
    assert rows[0]["tried"] == ["sms permanent-failure", "call permanent-failure"]
    assert await office.json("staff", "--region", "37") == rows
    assert await office.json("staff", "--region", "33") == []
    assert await office.json("list", "--medium", "message-centre") == []
    assert await office.json("list", "--since", "2026-11-24") == []
    assert await office.json("list", "--about", rows[0]["about"], "--medium", "call") == rows
    counted = await office.json("list", "--counts")
    assert [(row["notices"], row["to_tell"]) for row in counted["counts"]] == [(1, 1)]
    assert counted["prompt"] == {"due": 1, "within": 1, "share": 1.0, "seconds": 10.0}

    shown = await office.json("show", one, "--text")
    assert [(a["medium"], a["state"], a["code"]) for a in shown["attempts"]] == [
        ("sms", "permanent-failure", "0x0b"),
        ("call", "permanent-failure", "404 Not Found"),
    ]
    assert shown["templates"][0].startswith("refused.sponsor.sms.v")
    assert "未通过" in shown["words"]["title"] + shown["words"]["text"]

    printed = ""
    for command in (
        ("list",),
        ("staff",),
        ("show", one, "--text"),
        ("list", "--counts"),
        ("staff", "--json"),
    ):
        status, text = await office.run(*command)
        assert status == 0
        printed += text
    assert "不符合规则" in printed
    assert not [secret for secret in (ANN.psn_no, ANN.tel, f"{ANN.psn_name[0]}姓") if secret in printed]


async def test_without_keys_the_course_is_shown_and_no_words(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    one = await office.tell()
    monkeypatch.delenv("GONGJI_NOTIFY_DATA_KEYS")
    assert len((await office.json("show", one))["attempts"]) == 2
    for command in (("show", one, "--text"), ("reveal", one, "--operator", "near", "--why", WHY)):
        status, text = await office.run(*command)
        assert (status, "GONGJI_NOTIFY_DATA_KEYS" in text) == (1, True)
    assert await office.pool.fetchval("select count(*) from views") == 0


async def test_a_view_is_on_the_record_before_anything_is_shown(office: Office, tmp_path: Path) -> None:
    one = await office.tell()
    for operator, why, word in (
        ("near", "看", "至少四个字"),
        ("nobody", WHY, "未登记"),
        ("far", WHY, "其他统筹区"),
    ):
        status, text = await office.run("reveal", one, "--operator", operator, "--why", why)
        assert (status, word in text, ANN.tel in text) == (1, True, False), text
    assert await office.pool.fetchval("select count(*) from views") == 0

    told = await office.json("reveal", one, "--operator", "near", "--why", WHY)
    assert (told["psn_no"], told["tel"], told["surname"]) == (ANN.psn_no, ANN.tel, ANN.psn_name[0])
    sheet = tmp_path / "notice.html"
    status, text = await office.run("print", one, "--out", sheet, "--operator", "near", "--why", WHY)
    assert status == 0, text
    assert ANN.psn_no in sheet.read_text(encoding="utf-8")
    assert sheet.stat().st_mode & 0o077 == 0
    status, _ = await office.run("print", one, "--out", sheet, "--operator", "near", "--why", WHY)
    assert status == 1, "an old file is never written over, and no view is noted for it"
    seen = (await office.json("show", one))["views"]
    assert [(view["what"], view["operator"], view["why"]) for view in seen] == [
        ("reveal", "near", WHY),
        ("print", "near", WHY),
    ]
    for statement in (
        "update views set why = 'none'",
        "delete from views",
        "truncate views",
        "delete from provider_changes",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append only"):
            await office.pool.execute(statement)


async def test_who_was_told_by_staff_is_no_longer_listed(office: Office) -> None:
    one = await office.tell()
    status, _ = await office.run("done", one, "--operator", "near", "--note", "已上门告知并签收")
    assert status == 0
    assert await office.json("staff") == []
    [row] = await office.json("list", "--all")
    assert (row["state"], row["told_by"]) == ("handed-to-staff", "near")
    for command in (
        ("done", one, "--operator", "near", "--note", "再次告知"),
        ("resend", one, "--operator", "near", "--why", WHY, "--yes"),
    ):
        status, text = await office.run(*command)
        assert (status, "已由 near 告知本人" in text) == (1, True)
    assert await office.pool.fetchval("select count(*) from notices") == 1


async def test_sent_again_it_goes_its_course_once_even_days_later(office: Office) -> None:
    one = await office.tell()
    office.bench.clock.forward(days=5)
    office.bench.sms.results = [TAKEN]
    command = ("resend", one, "--operator", "near", "--why", "本人已更正手机号码")
    status, text = await office.run(*command, typed="n\n")
    assert (status, "将再次发送" in text) == (1, True)
    assert await office.pool.fetchval("select count(*) from notices") == 1, "nothing without a yes"
    status, text = await office.run(*command, typed="y\n")
    assert status == 0, text
    two = str(await office.pool.fetchval("select notice_id from resends where of = $1::uuid", one))
    office.bench.clock.forward(minutes=1)  # the command's clock runs, the bench's stands
    await office.bench.work()
    assert len(office.bench.sms.sent) == 2
    assert office.bench.sms.sent[0][1] == office.bench.sms.sent[1][1], "the same words"
    status, text = await office.run("resend", two, "--operator", "near", "--why", WHY, "--yes")
    assert (status, "仍在进行中" in text) == (1, True)
    await office.bench.receipt("sms-1", "delivered")
    rows = {row["id"]: row for row in await office.json("list", "--all")}
    assert (rows[two]["state"], rows[two]["kind"], rows[two]["again_of"]) == ("delivered", "refused", one)
    assert (rows[one]["state"], rows[one]["sent_again_as"]) == ("handed-to-staff", two)
    assert await office.json("staff") == []
    for again, word in ((one, "已重新发送"), (two, "不是转人工")):
        status, text = await office.run("resend", again, "--operator", "near", "--why", WHY, "--yes")
        assert (status, word in text) == (1, True), text
    body = decision(1, ANN, state=State.REFUSED)
    await office.bench.publish("binding.decisions.refused", body)
    await office.bench.work()
    assert len(office.bench.sms.sent) == 2, "a replay tells nobody again"


async def test_two_operators_send_one_notice_again_once(office: Office) -> None:
    one = UUID(await office.tell())

    async def again() -> str | None:
        async with office.pool.acquire() as conn, conn.transaction():
            now = office.bench.clock.now()
            refusal = await desk_acts.again(conn, one, uuid4(), SEAL, operator="near", why=WHY, now=now)
        return refusal.reason if refusal else None

    ended = await asyncio.gather(*(again() for _ in range(3)))
    assert sorted(map(str, ended)) == ["None", "sent-again", "sent-again"]
    assert await office.pool.fetchval("select count(*) from notices") == 2


async def test_what_may_have_arrived_is_not_sent_again(office: Office) -> None:
    office.bench.sms.results = [TAKEN]
    one = await office.tell()
    office.bench.clock.forward(minutes=31)
    await office.bench.work()
    assert await office.bench.notices() == [("handed-to-staff", "call-invalid")]
    await office.bench.receipt("sms-1", "delivered")
    status, text = await office.run("resend", one, "--operator", "near", "--why", WHY, "--yes")
    assert (status, "did arrive" in text) == (1, True), text
    office.bench.sms.results = [DEAD_NUMBER]
    office.bench.clock.forward(hours=1)  # calls to one number are spaced
    two = await office.tell(2)
    office.bench.clock.forward(hours=4)
    three = await office.tell(2, version=3)
    status, text = await office.run("resend", two, "--operator", "near", "--why", WHY, "--yes")
    assert (status, "后续决定" in text) == (1, True), text
    status, text = await office.run("resend", three, "--operator", "near", "--why", WHY, "--yes")
    assert status == 0, text


async def test_shares_are_set_by_hand_with_a_history_and_figures_are_told(office: Office) -> None:
    office.bench.sms.results = [TAKEN]
    await office.tell()
    office.bench.clock.forward(seconds=4)
    await office.bench.receipt("sms-1", "delivered")
    body = decision(2, ANN, state=State.REFUSED)
    await office.bench.publish("binding.decisions.refused", body)
    office.bench.clock.forward(seconds=30)
    await office.bench.work()

    status, text = await office.run(
        "providers", "set-weight", "sms", 30, "--operator", "far", "--why", "线路投诉较多"
    )
    assert status == 0, text
    told = await office.json("providers", "--history")
    call, sms = told["providers"]
    assert (call["name"], call["taken"], call["held"], call["up"]) == ("call", 0, False, None)
    assert (sms["weight"], sms["resting"], sms["held"], sms["attempts"], sms["failures"]) == (
        30,
        100,
        True,
        2,
        0,
    )
    assert (sms["taken"], sms["known"], sms["delivered"]) == (2, 1, 1)
    assert (sms["to_provider_s"], sms["to_person_s"]) == (15.0, 4.0), "medians of 0 s and 30 s, and of 4 s"
    assert told["prompt"] == {"due": 2, "within": 1, "share": 0.5, "seconds": 10.0}
    first = told["history"][0]
    assert (first["name"], first["before"], first["after"], first["operator"]) == ("sms", 100, 30, "far")
    status, text = await office.run("providers", "--history")
    assert (status, "50.0%" in text, "30 held" in text) == (0, True, True), text
    assert all(len(line.encode("gbk", "replace")) <= 80 for line in text.splitlines()[:3]), text
    status, text = await office.run("providers", "set-weight", "smtp", 30, "--operator", "far", "--why", WHY)
    assert (status, "call, sms" in text) == (1, True)
    status, text = await office.run(
        "providers", "set-weight", "sms", 100, "--release", "--operator", "far", "--why", "割接完成恢复"
    )
    assert (status, (await office.json("providers"))["providers"][1]["held"]) == (0, False)


async def test_how_long_providers_took_is_a_metric(office: Office) -> None:
    metrics = Metrics()
    gauges = Gauges(metrics)
    office.bench.handler.heard = lambda name, seconds: gauges.delivery.labels(name).observe(seconds)
    office.bench.sender._gauges = gauges
    office.bench.sms.results = [TAKEN]
    await office.tell()
    office.bench.clock.forward(seconds=4)
    await office.bench.receipt("sms-1", "delivered")
    found = generate_latest(metrics.registry).decode()
    assert 'gongji_notify_handed_seconds_bucket{le="10.0",provider="sms"} 1.0' in found
    assert 'gongji_notify_delivery_seconds_sum{provider="sms"} 4.0' in found
