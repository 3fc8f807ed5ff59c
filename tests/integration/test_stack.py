"""The servers of the local stack are real, closed to strangers, and come back."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.local.databases import SERVICES
from deploy.local.testing import TestStack


async def test_versions(stack: TestStack) -> None:
    """The versions that the documentation names are the ones that run."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        assert (await connection.fetchval("show server_version")).startswith("18.")
        assert await connection.fetchval("show synchronous_commit") == "on"
    finally:
        await connection.close()


@pytest.mark.parametrize("reader", SERVICES)
async def test_no_service_reads_anothers_tables(reader: str, database_urls: dict[str, str]) -> None:
    """Each role owns its schema and is refused by every other one and by `public`."""
    for owner in SERVICES:
        connection = await asyncpg.connect(database_urls[owner])
        await connection.execute("create table secret (x int)")
        await connection.execute("insert into secret values (1)")
        await connection.close()
    connection = await asyncpg.connect(database_urls[reader])
    try:
        assert await connection.fetchval("select x from secret") == 1
        assert await connection.fetchval("show synchronous_commit") == "on"
        for other in (*(s for s in SERVICES if s != reader),):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"select x from {other}.secret")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create table public.leak (x int)")
    finally:
        await connection.close()


async def test_password_is_needed(database_urls: dict[str, str]) -> None:
    """Loopback is not trusted: a wrong password is refused."""
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database_urls["audit"].replace("only-for-tests", "wrong"))


async def test_topics_are_never_made_by_accident(stack: TestStack) -> None:
    """Publishing to a topic that nobody declared fails instead of creating it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka, request_timeout_ms=2000, metadata_max_age_ms=500
    )
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("undeclared.topic", b"x")
    finally:
        await producer.stop()
