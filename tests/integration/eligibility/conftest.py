"""Four replicas of eligibility over one set of tables."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.eligibility.replica import Replica


@pytest_asyncio.fixture
async def replicas(database_urls: dict[str, str]) -> AsyncIterator[list[Replica]]:
    offsets: dict[tuple[str, int], int] = {}
    made = [await Replica.open(database_urls["eligibility"], offsets) for _ in range(4)]
    yield made
    for replica in made:
        await replica.pool.close()
