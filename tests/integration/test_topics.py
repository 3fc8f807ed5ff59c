"""The provisioning job and `gongji topics` against real servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy import topics
from deploy.local.databases import ROLES
from deploy.local.errors import StackError
from deploy.local.testing import PASSWORD, TestStack
from deploy.provision import password_variable, provision


async def test_provisioning_makes_everything_once(stack: TestStack, database_urls: dict[str, str]) -> None:
    environ = {"DATABASE_URL": database_urls["admin"], "KAFKA_BOOTSTRAP_SERVERS": stack.kafka}
    environ |= dict.fromkeys(map(password_variable, ROLES), PASSWORD)
    first = await provision(environ)
    assert not first.differing
    again = await provision(environ)
    assert again.clean
    assert (await topics.plan_at(stack.kafka)).clean


async def test_what_differs_is_told_and_left_alone(stack: TestStack) -> None:
    config = {"retention.ms": "1000", "cleanup.policy": "delete"}
    there = topics.Topic("test.differs", 2, 1, config, "a test")
    await topics.apply_at(stack.kafka, [there])
    declared = replace(there, partitions=3, config=config | {"retention.ms": "2000"})
    for _ in range(2):  # applying changes nothing of what is there
        found = await topics.apply_at(stack.kafka, [declared])
        assert set(found.differing) == {
            ("test.differs", "partitions", "2", "3"),
            ("test.differs", "retention.ms", "1000", "2000"),
        }
    assert "test.differs" in (await topics.plan_at(stack.kafka)).undeclared


async def test_a_missing_variable_is_named() -> None:
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS is not set"):
        await provision({"DATABASE_URL": "postgresql://x"})
