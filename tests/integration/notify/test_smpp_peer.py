"""An SMS centre that sends what nobody should send, or more than can be stored: the session lives, and nothing is taken that is not kept."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from services.notify.clients import smpp
from services.notify.clients.smpp import SmppClient, SmppOptions
from services.notify.clients.smpp_pdu import Answer
from services.notify.domain.receipts import Fate, Receipt
from tests.integration.notify.helpers import until

DELIVER, SUBMIT, NACK, ENQUIRE, RESPONSE = 0x05, 0x04, 0x80000000, 0x15, 0x80000000
TRY_AGAIN = 0x64


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def receipt(name: str, tlvs: bytes = b"") -> bytes:
    """Body of a deliver_sm with a receipt for the text `name`."""
    words = f"id:{name} stat:DELIVRD err:000".encode()
    head = b"\0" + b"\1\1861380\0" + b"\1\1812393\0" + b"\4\0\0" + b"\0\0" + b"\0\0\0\0"
    return head + bytes([len(words)]) + words + tlvs


BROKEN = {
    "a command that nobody knows": pdu(0x12345, 71, b"x"),
    "a command without its fields": pdu(DELIVER, 71),
    "fields that end in the middle": pdu(DELIVER, 71, receipt("r")[:9]),
    "a text shorter than it says": pdu(DELIVER, 71, receipt("r")[:-4]),
    "a value longer than what is left": pdu(DELIVER, 71, receipt("r", b"\x04\x27\x00\x01")),
    "half a name of a value": pdu(DELIVER, 71, receipt("r", b"\x04")),
    "a state of no octets": pdu(DELIVER, 71, receipt("r", b"\x04\x27\x00\x00")),
    "strings that never end": pdu(DELIVER, 71, b"\xff" * 40),
}


@dataclass
class Centre:
    """An SMS centre that says what a test lets it say. `heard`: what came, as (command, status, sequence)."""

    port: int = 0
    heard: list[tuple[int, int, int]] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    binds: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while head := await reader.read(16):
                length, command, status, sequence = struct.unpack(">IIII", head)
                await reader.readexactly(length - 16)
                self.heard.append((command, status, sequence))
                if command == 0x09:
                    self.binds += 1
                    self.say(pdu(0x80000009, sequence, b"centre\0"))
                elif command == SUBMIT and self.answers:
                    body = self.answers.pop(0)
                    self.say(pdu(RESPONSE | SUBMIT, sequence, body))
        finally:
            writer.close()

    def say(self, raw: bytes) -> None:
        self._writer.write(raw)

    def replies(self, command: int) -> list[tuple[int, int]]:
        """Sequence and status of what was answered with this command."""
        return [(sequence, status) for one, status, sequence in self.heard if one == command]


class Store:
    """Keeps receipts; `away`: nobody can."""

    def __init__(self) -> None:
        self.stored: list[Receipt] = []
        self.away, self.hangs = False, False
        self.asked = asyncio.Event()

    async def __call__(self, receipts: Sequence[Receipt]) -> None:
        if self.away:
            raise ConnectionError("database is away")
        if self.hangs:
            self.asked.set()
            await asyncio.Event().wait()
        self.stored += receipts


Peer = tuple[Centre, SmppClient, Store]


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    centre, store = Centre(), Store()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    centre.port = server.sockets[0].getsockname()[1]
    client = SmppClient(SmppOptions("127.0.0.1", centre.port, "u", "p", "12393", response_timeout=60), store)
    task = asyncio.create_task(client.run())
    await asyncio.wait_for(client.wait_up(), 60)
    yield centre, client, store
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
async def test_what_cannot_be_read_is_refused_and_the_session_lives(peer: Peer, raw: bytes) -> None:
    centre, client, store = peer
    for _ in range(3):  # it comes again, as what nobody took does
        centre.say(raw)
    centre.say(pdu(DELIVER, 72, receipt("good")))
    await until(lambda: (72, 0) in centre.replies(RESPONSE | DELIVER))
    assert [sequence for sequence, status in centre.replies(NACK) if status] == [71] * 3
    assert [one.provider_id for one in store.stored] == ["good"]
    assert (client.binds, centre.binds) == (1, 1)


async def test_an_answer_that_cannot_be_read_is_the_answer_of_its_head_and_is_not_refused(peer: Peer) -> None:
    centre, client, _ = peer
    centre.answers = [b"", b"id-0\0\x04", b"id-1\0"]
    sent = [await client.send("+8613800003101", "您的申请有了新进展。") for _ in range(3)]
    assert [one.answer for one in sent] == [Answer.ACCEPTED] * 3
    assert [one.provider_ids for one in sent] == [(), (), ("id-1",)]
    assert (centre.replies(NACK), client.binds) == ([], 1)


async def test_receipts_that_nobody_can_keep_are_refused_for_now_and_taken_when_they_come_again(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre, client, store = peer
    store.away = True
    centre.say(pdu(DELIVER, 81, receipt("r1")))
    await until(lambda: (81, TRY_AGAIN) in centre.replies(RESPONSE | DELIVER))
    store.away, store.hangs = False, True
    monkeypatch.setattr(smpp, "_PATIENCE", 0.2)
    centre.say(pdu(DELIVER, 82, receipt("r1")))
    await until(lambda: (82, TRY_AGAIN) in centre.replies(RESPONSE | DELIVER))
    store.hangs = False
    centre.say(pdu(DELIVER, 83, receipt("r1")))
    await until(lambda: (83, 0) in centre.replies(RESPONSE | DELIVER))
    assert store.stored == [Receipt("r1", Fate.DELIVERED, "2:000")]
    assert client.binds == 1


async def test_more_receipts_than_may_wait_are_refused_at_once(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre, _, store = peer
    store.hangs = True
    centre.say(pdu(DELIVER, 100, receipt("first")))
    await asyncio.wait_for(store.asked.wait(), 60)
    count = smpp._MANY
    centre.say(b"".join(pdu(DELIVER, 101 + n, receipt(f"r{n}")) for n in range(count + 5)))
    await until(lambda: len(centre.replies(RESPONSE | DELIVER)) >= 5)
    assert centre.replies(RESPONSE | DELIVER) == [(101 + count + n, TRY_AGAIN) for n in range(5)]
    centre.say(pdu(ENQUIRE, 99_999))
    await until(lambda: centre.replies(RESPONSE | ENQUIRE))
    assert store.stored == []
