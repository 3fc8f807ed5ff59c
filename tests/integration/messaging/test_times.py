"""Times of a service's connections: exact in both directions, in rows, arrays and COPY."""

from datetime import UTC, datetime

import asyncpg
import pytest

from shared.clock import BEIJING
from tests.integration.messaging.conftest import World

TIMES = (
    datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING),
    datetime(2026, 11, 23, 2, 0, 0, 123_456, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)


@pytest.mark.parametrize("moment", TIMES, ids=str)
async def test_a_time_comes_back_as_it_went_and_is_what_the_server_means(
    world: World, moment: datetime
) -> None:
    query = "select $1::timestamptz, to_char($1::timestamptz, 'YYYY-MM-DD HH24:MI:SS.US')"
    there, text = tuple(await world.pool.fetchrow(query, moment) or ())
    assert (there, there.tzinfo) == (moment, UTC)
    assert text == moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


async def test_times_go_in_arrays_with_gaps_and_by_copy(world: World) -> None:
    assert await world.pool.fetchval("select $1::timestamptz[]", [*TIMES, None]) == [*TIMES, None]
    async with world.pool.acquire() as conn:
        await conn.execute("create temporary table seen (at timestamptz)")
        await conn.copy_records_to_table("seen", records=[(at,) for at in TIMES], columns=["at"])
        assert [row[0] for row in await conn.fetch("select at from seen order by at desc")] == sorted(
            TIMES, reverse=True
        )


async def test_a_time_without_zone_is_refused(world: World) -> None:
    with pytest.raises(asyncpg.DataError):
        await world.pool.fetchval("select $1::timestamptz", TIMES[0].replace(tzinfo=None))
