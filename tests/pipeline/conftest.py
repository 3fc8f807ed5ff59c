"""One running line for all tests of this folder, with a producer and a reader of all topics."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy import cast, topics
from deploy.demo.channel import Channels
from deploy.demo.follow import Follower
from deploy.demo.world import World
from tests.pipeline.running import Line, line


@pytest.fixture(scope="package")
def running() -> Iterator[Line]:
    """The stack: about ten seconds to start, once."""
    with line() as made:
        yield made


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(running: Line) -> AsyncIterator[World]:
    """The cast, a producer for all sources, and everything that was published so far."""
    names = {topic.name: topic.partitions for topic in topics.declared()}
    await running.quiet()  # the cast has been read
    async with (
        Channels(running.kafka, running.clock) as channels,
        Follower(running.kafka, names, running.clock) as follower,
    ):
        yield World(cast.load(), running.clock, channels, follower)
