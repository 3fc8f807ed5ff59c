"""What a command says when the broker goes away while it reads."""

import asyncio

import pytest
from aiokafka import TopicPartition
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


class Silent(Started):
    """A consumer of one partition with one record, whose leader is gone. `stands`: whether it knows its position."""

    stands = True

    def assign(self, _: object) -> None: ...

    def pause(self, *_: object) -> None: ...

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 1)

    async def seek_to_beginning(self, *_: object) -> None: ...

    async def position(self, _: object) -> int:
        if not self.stands:
            await asyncio.Event().wait()
        return 0

    async def getmany(self, **_: object) -> dict[object, object]:
        await asyncio.sleep(0.01)
        return {}


@pytest.mark.parametrize("stands", [True, False])
def test_what_never_comes_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, stands: bool) -> None:
    async def one(*_: object) -> list[TopicPartition]:
        return [TopicPartition("binding.decisions", 0)]

    monkeypatch.setattr(topics, "Reader", Silent)
    monkeypatch.setattr(Silent, "stands", stands)
    monkeypatch.setattr(topics, "partitions", one)
    monkeypatch.setattr(topics, "SILENCE", 0.05)
    with pytest.raises(StackError, match="KafkaTimeoutError"):
        asyncio.run(asyncio.wait_for(topics.whole(Running("127.0.0.1:9")), 30))
