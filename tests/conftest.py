"""Fixtures of all tests. Only tests that ask for `stack` start servers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from deploy.local.testing import TestStack, start_for_tests, stop_after_tests
from shared.testing.proofs import DATA_KEY, DEMO_OPERATORS, DEMO_SOURCES

os.environ.setdefault(
    "GONGJI_SOURCES", str(DEMO_SOURCES)
)  # the face-check providers whose keys the builders sign with
os.environ.setdefault("GONGJI_OPERATORS", str(DEMO_OPERATORS))
os.environ.setdefault("GONGJI_NOTIFY_DATA_KEYS", DATA_KEY)  # the checkers open what notify sealed

# How long an example takes says something about the machine. In the gate (CI is set) the same examples are tried each time; elsewhere new ones.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("usual"), derandomize=True, database=None)
settings.load_profile("gate" if os.environ.get("CI") else "usual")


@pytest.fixture(scope="session")
def stack() -> Iterator[TestStack]:
    """Real Kafka and PostgreSQL, started once per session; GONGJI_TEST_STACK=<stack.json> names running ones instead."""
    # Whoever bounds a test run by time ends it by SIGTERM, which by default skips all teardown and leaves the servers.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=143))
    running = asyncio.run(start_for_tests(os.environ.get("GONGJI_TEST_STACK")))
    yield running
    asyncio.run(stop_after_tests(running))


@pytest_asyncio.fixture
async def database_urls(stack: TestStack) -> AsyncIterator[dict[str, str]]:
    """URLs into a database of this test alone: one per service ("audit", ...) and the administrator's ("admin")."""
    yield await stack.fresh_database()
    await stack.drop_databases()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of parameters are written as they are (Chinese ones too); bytes are no name."""
    return ascii(val)[:60] if isinstance(val, bytes) else None
