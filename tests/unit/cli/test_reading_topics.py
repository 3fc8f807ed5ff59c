"""What a command says when the broker goes away while it reads."""

import asyncio

import pytest
from aiokafka.errors import KafkaTimeoutError

from deploy.local.errors import StackError
from deploy.reading import topics
from deploy.reading.running import Running


class Started:
    """A consumer that has started."""

    stopped = 0

    def __init__(self, **_: object) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None:
        Started.stopped += 1


def test_a_broker_that_stops_answering_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        async with topics.consumer(Running("127.0.0.1:9")):
            raise KafkaTimeoutError("no offsets in 10000 ms")

    monkeypatch.setattr(topics, "Reader", Started)
    with pytest.raises(StackError, match="KafkaTimeoutError") as told:
        asyncio.run(away())
    assert "gongji status" in str(told.value)
    assert Started.stopped == 1
