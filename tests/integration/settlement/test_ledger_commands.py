"""A month of one hospital through real Kafka: bills, a statement with a planted break, the desk's commands, the close, the clearing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from pydantic_core import to_json
from typer.testing import CliRunner

from deploy import topics
from deploy.cli import build
from deploy.local.http import readiness
from deploy.local.ports import free_port
from deploy.local.testing import TestStack
from deploy.reading.running import find
from deploy.reading.topics import whole
from shared.clock import from_setting, with_anchor
from shared.contracts.topics import TYPES
from shared.testing.messages import to_kafka
from tests.unit.settlement import kit

PATIENCE = 120.0
CODE, SHOP = "H33010000003", "P33010000011"
RUN = int(time.time() * 1000) % 10**8
LAST_EVENING = "2026-11-30T20:00:00+08:00"


@dataclass
class Line:
    """Settlement as a process, who sends to it, and the command line beside it. Ids are this run's own: topics are shared."""

    kafka: str
    urls: dict[str, str]
    folder: Path
    clock: str = with_anchor(LAST_EVENING)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    n: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        self.port = free_port()
        group = f"settlement-{RUN}-{self.folder.name}"
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka, "GONGJI_SETTLEMENT_DATABASE_URL": self.urls["settlement"],
            "GONGJI_DESK_DATABASE_URL": self.urls["desk"], "GONGJI_CLOCK": self.clock, "GONGJI_GROUP": group, "GONGJI_INSTANCE": group,
            "GONGJI_HTTP_PORT": str(self.port),
        }  # fmt: skip
        with (self.folder / "settlement.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.settlement"], env=os.environ | self.environment, stdout=log, stderr=log
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not asyncio.run(readiness(self.port))["ok"]:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def jump(self, at: str) -> None:
        """The service and its senders go on at another time."""
        self.stop()
        self.clock = with_anchor(at)
        self.start()

    def now(self) -> datetime:
        return from_setting(self.clock).now()

    def publish(self, short: str, body: dict[str, Any], source: str) -> str:
        """One message; its id."""
        self.n += 1
        id = f"recon-{RUN}-{self.n}"
        model = TYPES[short].model.model_validate_json(to_json(body))
        one = to_kafka(short, model, source, id, self.now())

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
                await producer.send_and_wait(one.topic, one.value, key=one.key, headers=one.headers)

        asyncio.run(send())
        return id

    def ask(self, short: str, body: dict[str, Any], source: str = "his-first") -> dict[str, Any]:
        """One message and the answer to it."""
        id = self.publish(short, body, source)
        end = time.monotonic() + PATIENCE
        while True:
            seen = asyncio.run(whole(self.running, topics=[f"answers.{source}"]))
            found = [one for one in seen if one.request == (source, id)]
            if found:
                assert found[0].body is not None
                told: dict[str, Any] = found[0].body.model_dump(mode="json", exclude_none=True)
                return told
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    @property
    def running(self) -> Any:
        return find(self.environment, self.folder)

    def msgid(self, code: str = "") -> str:
        self.n += 1
        return f"{code or CODE}202611{RUN:08d}{self.n:04d}"

    def run(self, *arguments: str) -> tuple[int, str]:
        """`gongji ledger ...`; its status and what it printed."""
        result = CliRunner().invoke(build("ledger"), ["ledger", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def log(self) -> str:
        return (self.folder / "settlement.log").read_text(encoding="utf-8")[-3000:]


@pytest.fixture
def line(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    asyncio.run(topics.apply_at(stack.kafka))
    made = Line(stack.kafka, asyncio.run(stack.fresh_database()), tmp_path)
    try:
        made.start()
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "300")
        monkeypatch.setenv("GONGJI_HOME", str(tmp_path / "home"))
        yield made
    finally:
        made.stop()
        asyncio.run(stack.drop_databases())


def test_a_month_s_end_with_a_planted_break_of_each_kind(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    child, mother = f"CHILD{RUN}", f"MOTHER{RUN}"
    settle_in(line, child, mother)
    one, two = bill(line, child, "12.00"), bill(line, child, "3.00")
    missed, marked = bill(line, child, "1.00"), bill(line, child, "1.00")
    other = bill(line, child, "1.00", SHOP, "pharmacy-chain", infno="2102")
    strange = [listed(one, msgid=line.msgid(), setl_id="0" * 30), listed(other, msgid=line.msgid())]
    rows = [listed(one), listed(two, acct_mulaid_pay="2.00"), listed(marked, refd_setl_flag="1"), *strange]
    found = line.ask("reconciliation.requests.detail", statement(line, rows=rows))
    cases = {b["kind"]: b for b in found["breaks"]}
    assert sorted(cases) == [
        "amount-differs",
        "missing-here",
        "missing-there",
        "other-institution",
        "status-differs",
    ]
    assert cases["missing-there"]["msgid"] == missed["msgid"]
    case_id = cases["amount-differs"]["case_id"]
    sums = {
        "medfee_sumamt": "17.00",
        "fund_pay_sumamt": "0.00",
        "acct_pay": "10.00",
        "acct_mulaid_pay": "7.00",
    }
    total = line.ask("reconciliation.requests.totals", statement(line, **sums, fixmedins_setl_cnt=3))
    assert [b["kind"] for b in total["breaks"]] == ["count-differs"]

    line.jump("2026-12-01T09:00:00+08:00")
    monkeypatch.setenv("GONGJI_CLOCK", line.clock)
    assert line.run("close", "2026-11", "--region", "330100", "--operator", "ledger-01")[0] == 1
    status, shown = line.run("cases", "list", "--month", "2026-11")
    assert (status, case_id in shown, "金额不一致" in shown) == (0, True, True)
    status, shown = line.run("cases", "show", case_id)
    assert ("3.00" in shown, "2.00" in shown, child in shown, mother in shown) == (True, True, False, False)
    assert "gongji_settlement_breaks_open 6.0" in line.metrics()
    assert "gongji_settlement_breaks_overdue 0.0" in line.metrics()
    status, told = line.run("cases", "close", case_id, "--operator", "ledger-32", "--resolution", "x")
    assert (status, "operator-region" in told) == (1, True)
    mended = line.ask(
        "reconciliation.requests.detail",
        statement(line, rows=[listed(each) for each in (one, two, missed, marked)]),
    )
    assert (mended["stmt_rslt"], mended["breaks_open"]) == ("0", 0)
    status, told = line.run("close", "2026-11", "--region", "330100", "--operator", "ledger-01")
    assert (status, "accepted" in told) == (0, True), told
    wait_for(lambda: json.loads(line.run("clearing", "2026-11", "--json")[1]))
    rows = json.loads(line.run("clearing", "2026-11", "--json")[1])
    assert [(r["payer"], r["clr_type"], r["own"], r["shared"]) for r in rows] == [
        ("330100", "11", 1000, 0),
        ("330700", "11", 0, 700),
        ("330700", "41", 0, 100),
    ]
    assert asyncio.run(broken(line)) == []
    words = ["--operator", "ledger-01", "--why", "本人申请对账"]
    status, shown = line.run("statement", mother, "--month", "2026-11", *words)
    assert (status, "330700" in shown, mother in shown) == (0, True, False), shown


def settle_in(line: Line, child: str, mother: str) -> None:
    """A hospital, a child with 10.00 of its own, a mother of another city with 100.00, and their binding."""
    for psn_no, region, amount in ((child, "330100", "10.00"), (mother, "330700", "100.00")):
        line.publish("registry.persons.recorded", kit.person(psn_no, region=region), "authority")
        credited = {"psn_no": psn_no, "entry_id": f"E-{psn_no}", "at": line.now(), "admdvs": region, "amount": amount, "segment": "historic"}  # fmt: skip
        line.publish("account.credits.credited", credited, "authority")
    for code, kind in ((CODE, "hospital"), (SHOP, "pharmacy")):
        line.publish("registry.institutions.recorded", kit.institution(code, kind), "authority")
    made = kit.decision(kit.binding_id(RUN), mother, child, since=line.now() - timedelta(days=9))
    line.publish("binding.decisions.approved", made, "gongji-audit")
    wait_for(lambda: asyncio.run(known(line, child)))


async def known(line: Line, child: str) -> bool:
    conn = await asyncpg.connect(line.urls["settlement"], server_settings={"search_path": "settlement"})
    try:
        count = await conn.fetchval(
            """select (select count(*) from binding where beneficiary = $1) + (select count(*) from institution where fixmedins_code = any($2::text[]))
                 + (select count(*) from account a join binding b on a.psn_no in (b.sponsor, b.beneficiary)
                    where b.beneficiary = $1 and a.historic > 0)
                 + (select count(*) from person where psn_no = $1)""",
            child,
            [CODE, SHOP],
        )
        return bool(count == 6)
    finally:
        await conn.close()


async def broken(line: Line) -> list[Any]:
    conn = await asyncpg.connect(line.urls["settlement"], server_settings={"search_path": "settlement"})
    try:
        return list(await conn.fetch("select * from verify()"))
    finally:
        await conn.close()


def wait_for(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def bill(
    line: Line, child: str, total: str, code: str = CODE, source: str = "his-first", **more: Any
) -> dict[str, Any]:
    made = kit.World().request(total, msgid=line.msgid(code), fixmedins_code=code, psn_no=child, bill_at=line.now(), mdtrt_cert_no=f"P{child}")  # fmt: skip
    answer = line.ask("settlement.requests.settle", made | more, source)
    assert answer["infcode"] == "0", answer
    return answer


def statement(line: Line, **fields: Any) -> dict[str, Any]:
    return {
        "fixmedins_code": CODE, "msgid": line.msgid(), "insutype": "310", "clr_type": "11", "setl_optins": "330100",
        "stmt_begndate": "2026-11-30", "stmt_enddate": "2026-11-30",
    } | fields  # fmt: skip


def listed(answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    names = ("setl_id", "msgid", "medfee_sumamt", "acct_pay", "acct_mulaid_pay")
    return {name: answer[name] for name in names} | changes
