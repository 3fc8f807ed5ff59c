"""A database of its own for the simulation, on a server that does not wait for the disk."""

import logging
import os
from collections.abc import AsyncIterator

import pytest_asyncio
import structlog

from deploy.local.testing import TestStack
from shared.contracts import sources
from shared.db import Pool
from shared.testing.proofs import DEMO_SOURCES
from tests.simulation.episode import open_pools


@pytest_asyncio.fixture
async def pools(stack: TestStack) -> AsyncIterator[dict[str, Pool]]:
    """A pool per service on a fresh database."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )  # failures are planned here
    os.environ["GONGJI_SOURCES"] = str(DEMO_SOURCES)
    sources.load.cache_clear()
    opened = await open_pools(await stack.fresh_database())
    yield opened
    for pool in opened.values():
        await pool.close()
    await stack.drop_databases()
    structlog.reset_defaults()
