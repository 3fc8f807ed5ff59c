"""The statement that cases of the ledger look at, made in memory, is the one that the database shows of the same messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.ledger.case import Case, read_cases
from deploy.ledger.doing import do, number
from deploy.ledger.runner import committed
from deploy.ledger.world import World
from deploy.policy.overlay import laid_over
from services.settlement.desk import statements as reading
from services.settlement.desk.statements import Look
from services.settlement.domain.book import Regions
from services.settlement.domain.statements import Statement, statement
from services.settlement.trial import Trial
from services.settlement.trial_statement import masked_number, statement_of
from shared.db import Conn, connection_settings
from shared.ids import SystemIds
from shared.messaging.memory import Said
from tests.integration.settlement.ledger import Ledger
from tests.unit.settlement import kit

FILE = Path(__file__).parents[2] / "ledger" / "cases" / "statements.yaml"
CASES = [
    case for case in read_cases(FILE) if not any(step.verb in ("release", "recover") for step in case.steps)
]
"""Verdicts name cases by ids that each side makes anew; all others are played."""
SOURCES = {"his": "his-first", "channel": "nhsa-app"}
"""Sources of cases as the register of sources knows them."""


@dataclass
class Heard:
    """What a trial was sent, and the settlements that it answered with."""

    sent: list[tuple[str, dict[str, Any], str, datetime, str | None]] = field(default_factory=list)

    def listen(self, trial: Trial) -> None:
        ask = trial.send

        def send(type: str, body: Any, *, at: datetime, source: str, believed: bool = True) -> Said:
            said = ask(type, body, at=at, source=source, believed=believed)
            answer = said.answers[0][1] if said.answers else None
            self.sent.append((type, dict(body), source, at, getattr(answer, "setl_id", None)))
            return said

        trial.send = send  # type: ignore[method-assign]


async def replay(ledger: Ledger, heard: Heard, known: dict[str, str], now: datetime) -> None:
    """Sends the database what the trial was sent, then lets time pass. `known`: its id of each settlement, by the trial's."""
    for type, body, source, at, setl_id in heard.sent:
        ledger.clock.at = at
        told = body | ({"setl_id": known[body["setl_id"]]} if "setl_id" in body else {})
        said = await ledger.send(type, told, SOURCES.get(source, source))
        answers = [one for one in said if one["_topic"].startswith("answers.")]
        if setl_id is not None:
            known[setl_id] = answers[0]["setl_id"]
    heard.sent.clear()
    ledger.clock.at = now
    await ledger._fire()


async def in_the_database(desk: Conn, psn_no: str, month: datetime, now: datetime) -> Statement:
    look = Look(SystemIds().new(), psn_no, f"{month:%Y-%m}", False, "ledger-01", "本人申请对账", now)
    await reading.record(desk, look)
    async with desk.transaction(isolation="repeatable_read", readonly=True):
        found = await reading.read(desk, look.id)
    return statement((), ()) if found is None else statement(found.balances, found.movements)


def alike(one: Statement) -> tuple[Any, ...]:
    """A statement without the ids that each side makes anew, and without places that have and had nothing."""
    moved = [line.moved._replace(reference="") for line in one.lines]
    places = sorted(b for b in one.balances if b.opening or b.closing)
    return one.opening, one.closing, places, moved, sorted(one.uses)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_statement_of_a_case_is_the_databases(
    case: Case, database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = committed()
    for region, changes in case.policy.items():
        policies = laid_over(policies, region, changes, case.where)
    heard = Heard()
    whole = Trial.__init__

    def listened(self: Trial, *args: Any) -> None:
        whole(self, *args)
        heard.listen(self)

    monkeypatch.setattr(Trial, "__init__", listened)
    world = World(case.facts, policies)
    monkeypatch.setattr(kit, "regions", lambda: Regions(policies, lambda *_: True))
    ledger = await Ledger.open(database_urls["settlement"])
    desk = await asyncpg.connect(database_urls["desk"], server_settings=connection_settings("desk"))
    known: dict[str, str] = {}
    compared = 0
    number(world, case.steps)
    for n, step in enumerate(case.steps, start=1):
        if step.at is not None:
            world.pass_time(step.at)
        if step.verb != "statement":
            do(world, step, n)
        await replay(ledger, heard, known, world.now)
        if step.verb == "statement":
            month = step.options.get("month") or world.now.replace(day=1, hour=0, minute=0, second=0)
            end = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
            psn_no = world.people[step.subject].psn_no
            mine = statement_of(world.trial.book, psn_no, month, end)
            assert alike(mine) == alike(await in_the_database(desk, psn_no, month, world.now))
            compared += 1
    assert compared
    assert await ledger.verify() == []
    await desk.close()
    await ledger.pool.close()


async def test_numbers_are_masked_alike(database_urls: dict[str, str]) -> None:
    ledger = await Ledger.open(database_urls["settlement"])
    for text in ("", "1", "12345", "123456", "33010000000000000001"):
        assert await ledger.pool.fetchval("select masked_number($1)", text) == masked_number(text)
    await ledger.pool.close()
