"""`gongji review reservations`: slots that are held past their deadline, from eligibility's own tables."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

import services.eligibility
from deploy.local.errors import StackError
from shared.testing.messages import uid
from tests.integration.cli.conftest import Place

MIGRATIONS = Path(services.eligibility.__file__).with_name("migrations")
INSERT = """insert into bindings (binding_id, sponsor, beneficiary, stage, counts, body, region, held_since, held_until)
    values ($1, 'a', 'b', $2, true, '{}', $3, $4, $5)"""


async def _tables(url: str) -> None:
    conn = await asyncpg.connect(url, server_settings={"search_path": "eligibility"})
    for file in sorted(MIGRATIONS.glob("*.sql")):
        await conn.execute(file.read_text(encoding="utf-8"))
    await conn.close()


def held(place: Place, number: int, stage: str, region: str, days_left: int | None) -> UUID:
    until = None if days_left is None else datetime.now(UTC) + timedelta(days=days_left)
    since = until and until - timedelta(days=30)
    place.execute("eligibility", INSERT, uid(number), stage, region, since, until)
    return uid(number)


def test_slots_past_their_deadline_are_listed_longest_first(place: Place) -> None:
    with pytest.raises(StackError, match="no tables yet"):
        place.run("review", "reservations")
    asyncio.run(_tables(place.urls["eligibility"]))
    late = held(place, 1, "passed", "330100", -1)
    later = held(place, 2, "consent", "370900", -9)
    in_time = held(place, 3, "supplement", "330200", 5)
    held(place, 4, "bound", "330100", None)

    status, text = place.run("review", "reservations")
    assert status == 0
    assert text.index(str(later)) < text.index(str(late)), "the longest past comes first"
    assert "waits for the beneficiary's consent" in text
    assert str(in_time) not in text

    _, text = place.run("review", "reservations", "--all", "--json")
    assert [row["binding_id"] for row in json.loads(text)] == [str(later), str(late), str(in_time)]
    assert [row["overdue"] for row in json.loads(text)] == [True, True, False]
    _, text = place.run("review", "reservations", "--region", "37", "--json")
    assert [row["stage"] for row in json.loads(text)] == ["consent"]
    _, text = place.run("review", "reservations", "--rows", "1", "--json")
    assert len(json.loads(text)) == 1
