"""`gongji policy replay` over a record that the service itself wrote, in PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local.testing import TestStack
from services.eligibility import record
from services.eligibility.domain.screening import screen
from services.eligibility.record import Recorded
from shared.policies import load
from shared.testing.messages import MONDAY
from tests.integration.eligibility.replica import Replica
from tests.integration.eligibility.scenes import Scene
from tests.unit.eligibility.demo import DEMO

RANGE = ("--from", "2026-11-16", "--to", "2026-11-30")
SHANDONG = 'region: "370000"\nbinding:\n  offered:\n    - {from: 2026-11-01, value: false, reference: 测试, grade: P}\n'
MONEY = 'region: "100000"\nbinding:\n  base_reserve:\n    - {from: 2026-11-01, value: "2500.00", reference: 测试, grade: P}\n  max_beneficiaries:\n    - {from: 2026-11-01, value: 0, reference: 测试, grade: P}\n'


async def _filled(url: str) -> list[Recorded]:
    """A record of some hundred screenings, as the service keeps it."""
    replica = await Replica.open(url, {})
    scene = Scene(Random(3))
    await replica.take(*scene.begin(40))
    for _ in range(30):
        await replica.take(*(scene.anything() for _ in range(12)))
    async with replica.pool.acquire() as conn:
        rows = [
            row async for row in record.read(conn, MONDAY - timedelta(days=7), MONDAY + timedelta(days=8))
        ]
    await replica.pool.close()
    return rows


@pytest.fixture(scope="module")
def past(stack: TestStack) -> Iterator[tuple[str, list[Recorded]]]:
    """URL of eligibility's database and what its record holds."""
    urls = asyncio.run(stack.fresh_database())
    yield urls["eligibility"], asyncio.run(_filled(urls["eligibility"]))
    asyncio.run(stack.drop_databases())


@pytest.fixture(autouse=True)
def _surroundings(
    stack: TestStack, past: tuple[str, list[Recorded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.kafka)
    monkeypatch.setenv("GONGJI_ELIGIBILITY_DATABASE_URL", past[0])
    monkeypatch.setenv("GONGJI_REGIONS_DIR", str(DEMO))
    monkeypatch.setenv("COLUMNS", "200")


def replay(*arguments: str) -> str:
    result = CliRunner().invoke(build("policy"), ["policy", "replay", *RANGE, *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: str) -> Any:
    return json.loads(replay(*arguments, "--json"))


def written(folder: Path, text: str) -> str:
    (folder / "changed.yaml").write_text(text, "utf-8")
    return str(folder / "changed.yaml")


def test_a_change_that_no_screening_reads_changes_nothing(
    past: tuple[str, list[Recorded]], tmp_path: Path
) -> None:
    text = 'region: "100000"\nreview:\n  working_days:\n    - {from: 2026-01-01, value: 9, reference: 测试, grade: P}\n'
    found = told("--with", written(tmp_path, text))
    assert found["screenings"] == found["same"] == len(past[1]) > 150
    assert (found["differing"], found["stale"], found["gaps"]) == (0, {}, {})


@pytest.mark.parametrize("text", [SHANDONG, MONEY])
def test_every_difference_is_that_of_the_rules_themselves(
    past: tuple[str, list[Recorded]], tmp_path: Path, text: str
) -> None:
    file = written(tmp_path, text)
    found = told("--with", file)
    present, changed = load(overlay=DEMO), load(overlay=[DEMO, Path(file)])
    wanted = {}
    for row in past[1]:
        before, after = (screen(row.inquiry(tree), first=row.first) for tree in (present, changed))
        codes = (
            {r.code for r in before.reasons} | set(before.marks),
            {r.code for r in after.reasons} | set(after.marks),
        )
        if before.outcome != after.outcome or codes[0] != codes[1]:
            gained, lost = codes[1] - codes[0], codes[0] - codes[1]
            wanted[str(row.binding_id), row.round] = (before.outcome.value, after.outcome.value, gained, lost)
    got = {
        (one["binding_id"], one["round"]): (
            one["before"],
            one["after"],
            set(one["reasons_added"].split()),
            set(one["reasons_gone"].split()),
        )
        for one in found["screenings_that_differ"]
    }
    assert got == wanted
    assert found["differing"] == len(wanted) > 10
    assert found["same"] == len(past[1]) - len(wanted)


def test_the_key_that_decides_is_named(tmp_path: Path) -> None:
    found = told("--with", written(tmp_path, SHANDONG), "--region", "山东")
    assert {one["keys"] for one in found["screenings_that_differ"]} == {"binding.offered"}
    assert found["reasons"]["+region-not-offered"] == found["differing"]
    assert {one["region"][:2] for one in found["screenings_that_differ"]} == {"37"}
    rows = told("--with", written(tmp_path, MONEY))["screenings_that_differ"]
    assert {key for one in rows for key in one["keys"].split()} == {
        "binding.base_reserve",
        "binding.max_beneficiaries",
    }
    for one in rows:
        reasons, keys = one["reasons_added"].split(), one["keys"].split()
        assert ("balance-below-reserve" in reasons) == ("binding.base_reserve" in keys)


def test_a_record_of_an_older_policy_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GONGJI_REGIONS_DIR")
    assert set(told("--with", written(tmp_path, MONEY))["stale"]) == {"older"}
    assert "recorded under an older policy" in replay("--with", written(tmp_path, MONEY))


def test_what_a_person_reads_and_the_table_for_a_spreadsheet(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    text = replay("--with", written(tmp_path, MONEY), "--limit", "3", "--csv", str(file))
    assert "次审查 screenings" in text
    assert "+balance-below-reserve" in text
    assert "max_beneficiaries" in text
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows == [
        {k: str(v) for k, v in one.items()}
        for one in told("--with", written(tmp_path, MONEY))["screenings_that_differ"]
    ]
    assert f"另有 {len(rows) - 3} 次未列" in text


def test_nothing_is_emitted_or_written(past: tuple[str, list[Recorded]], tmp_path: Path) -> None:
    async def rows() -> list[tuple[str, int]]:
        replica = await Replica.open(past[0], {})
        names = [
            r["tablename"]
            for r in await replica.pool.fetch(
                "select tablename from pg_tables where schemaname = 'eligibility'"
            )
        ]
        found = [
            (
                name,
                await replica.pool.fetchval(
                    f"select coalesce(sum(hashtext(t::text)::bigint), 0) from {name} t"
                ),
            )
            for name in sorted(names)
        ]
        await replica.pool.close()
        return found

    before = asyncio.run(rows())
    replay("--with", written(tmp_path, MONEY))
    assert asyncio.run(rows()) == before
    assert len(before) > 10


def test_a_broken_policy_is_told_line_by_line(tmp_path: Path) -> None:
    broken = written(tmp_path, MONEY.replace('"2500.00"', "2500"))
    result = CliRunner().invoke(build("policy"), ["policy", "replay", "--with", broken])
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "policy: changed.yaml: binding.base_reserve[0].value: 2500: expected money"
    )
