"""An SMPP 3.4 session over asyncio (bind transceiver) on the PDU codec of `smpplib`.

Keeps itself connected (backoff), keeps at most `window` submits in flight, watches the link with enquire_link, and
acknowledges a receipt only after it was stored; what cannot be stored now is refused for now, so that the SMS centre keeps it and
nothing piles up here. What cannot be read is refused by itself (generic_nack), and the session goes on. A submit without an answer is *unknown*, never sent again from here.
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import structlog
from smpplib import exceptions, smpp

from services.notify.clients import smpp_pdu
from services.notify.clients.numbers import digits
from services.notify.clients.smpp_pdu import Answer
from services.notify.domain.receipts import Receipt

log = structlog.get_logger("notify.smpp")

_MAX_PDU = 64 * 1024
_TRY_AGAIN = 0x64  # ESME_RX_T_APPN: temporary error of ours, the SMS centre delivers the receipt again
_BAD_LENGTH, _BAD_COMMAND = (
    0x02,
    0x03,
)  # what generic_nack says: fields that are not there, a command that is none
_RESPONSE = 0x80000000
_AT_ONCE: Final = 200
_MANY: Final = 1_000
"""Receipts that may wait here to be stored."""
_PATIENCE: Final = 5.0
"""Seconds for storing; SMS centres wait 10 s and more for an answer."""


@dataclass(frozen=True, slots=True)
class SmppOptions:
    """One provider's link. Times in seconds."""

    host: str
    port: int
    system_id: str
    password: str
    source_addr: str
    system_type: str = ""
    window: int = 40
    response_timeout: float = 10.0
    connect_timeout: float = 5.0
    enquire_every: float = 30.0
    backoff: tuple[float, float] = (0.2, 10.0)


@dataclass(frozen=True, slots=True)
class Submission:
    """How sending one text ended; `provider_ids` has one id per part that was accepted."""

    answer: Answer
    provider_ids: tuple[str, ...]
    code: str


class LinkDown(Exception):
    """The session ended; what was in flight has an unknown outcome."""


StoreReceipts = Callable[[Sequence[Receipt]], Awaitable[None]]


class SmppClient:
    """A link to one SMS centre that stays up for the life of the service."""

    def __init__(self, options: SmppOptions, store: StoreReceipts) -> None:
        """`store` gets receipts in batches and must have committed them when it returns; if it raises they come again."""
        self._o, self._store = options, store
        self._window = asyncio.Semaphore(options.window)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._receipts: asyncio.Queue[tuple[Any, Receipt | None]] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._bound = asyncio.Event()
        self._reference = 0
        self.sequence = 0
        self.binds = 0

    @property
    def up(self) -> bool:
        """Whether the session is bound now."""
        return self._bound.is_set()

    async def wait_up(self) -> None:
        """Wait until the session is bound."""
        await self._bound.wait()

    def next_sequence(self) -> int:
        """Sequence numbers 1..0x7fffffff; the codec asks for them too."""
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        return self.sequence

    async def run(self) -> None:
        """Connect, bind, serve; again with backoff when the link ends. Ends only by cancellation (unbinds then)."""
        low, high = self._o.backoff
        delay = low
        while True:
            binds = self.binds
            try:
                await self._session()
            except Exception as error:  # whatever the link did, the next session starts clean
                cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                log.warning("smpp-link-lost", error=type(cause).__name__, detail=str(cause)[:120])
            delay = low if self.binds > binds else min(delay * 2, high)
            await asyncio.sleep(delay)

    async def send(self, number: str, text: str) -> Submission:
        """Submit one text in as many parts as it needs, with a receipt asked for each part.

        Raises ValueError for a number that cannot be dialled. If the first part is refused nothing was sent; if a
        later part fails the whole is UNKNOWN, because a part of it is out.
        """
        to = digits(number)
        self._reference = self._reference % 255 + 1
        ids: list[str] = []
        cut = smpp_pdu.parts(text, self._reference)
        for part in cut:
            answer, provider_id, code = await self._submit(to, part, udh=len(cut) > 1)
            if answer is not Answer.ACCEPTED:
                return Submission(Answer.UNKNOWN if ids else answer, tuple(ids), code)
            ids += (
                [provider_id] if provider_id else []
            )  # without one no receipt can be known: it is waited for in vain
        return Submission(Answer.ACCEPTED, tuple(ids), "0x00")

    async def _submit(self, to: str, part: bytes, *, udh: bool) -> tuple[Answer, str, str]:
        async with self._window:
            if not self.up:
                return Answer.TECHNICAL, "", "link-down"
            try:
                reply = await self._request(
                    "submit_sm", source_addr=self._o.source_addr, source_addr_ton=5, destination_addr=to,
                    dest_addr_ton=1, dest_addr_npi=1, esm_class=smpp_pdu.ESM_UDH if udh else 0,
                    data_coding=smpp_pdu.UCS2, registered_delivery=1, short_message=part,
                )  # fmt: skip
            except (TimeoutError, LinkDown) as error:
                return Answer.UNKNOWN, "", type(error).__name__
        provider_id = (getattr(reply, "message_id", None) or b"").decode("latin-1").replace("\0", "")
        return smpp_pdu.answer_of(reply.status), provider_id, f"0x{reply.status:02x}"

    async def _request(self, command: str, **fields: Any) -> Any:
        pdu = smpp.make_pdu(command, client=self, **fields)
        pdu.sequence = self.next_sequence()  # after construction: the codec overwrites a sequence argument
        future = self._waiting[pdu.sequence] = asyncio.get_running_loop().create_future()
        try:
            self._write(pdu)
            return await asyncio.wait_for(future, self._o.response_timeout)
        finally:
            self._waiting.pop(pdu.sequence, None)

    def _write(self, pdu: Any) -> None:
        if self._writer is None or self._writer.is_closing():
            raise LinkDown
        self._writer.write(pdu.generate())

    def _reply(self, command: str, sequence: int, status: int = 0) -> None:
        pdu = smpp.make_pdu(command, client=self, status=status)
        pdu.sequence, pdu.status = sequence, status
        with contextlib.suppress(LinkDown):
            self._write(pdu)

    async def _session(self) -> None:
        reader, self._writer = await asyncio.wait_for(
            asyncio.open_connection(self._o.host, self._o.port), self._o.connect_timeout
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(reader))
                tasks.create_task(self._bind_and_watch())
                tasks.create_task(self._store_receipts())
        finally:
            await self._close()

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer and self._bound.is_set():
            pdu = smpp.make_pdu("unbind", client=self)
            pdu.sequence = self.next_sequence()
            writer.write(pdu.generate())
        self._bound.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkDown())
        while not self._receipts.empty():
            self._receipts.get_nowait()  # not acknowledged, so the SMS centre delivers them again
        if writer:
            writer.close()

    async def _bind_and_watch(self) -> None:
        reply = await self._request(
            "bind_transceiver",
            system_id=self._o.system_id,
            password=self._o.password,
            system_type=self._o.system_type,
        )
        if reply.status:
            raise LinkDown(f"bind refused with status 0x{reply.status:02x}: check system_id and password")
        self._bound.set()
        self.binds += 1
        log.info("smpp-bound", binds=self.binds)
        while True:
            await asyncio.sleep(self._o.enquire_every)
            await self._request("enquire_link")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                head = await reader.readexactly(4)
                (length,) = struct.unpack(">I", head)
                if not 16 <= length <= _MAX_PDU:
                    raise LinkDown(f"PDU of {length} octets")
                data = head + await reader.readexactly(length - 4)
            except asyncio.IncompleteReadError:
                raise LinkDown("closed by the SMS centre") from None
            self._dispatch(data)

    def _dispatch(self, data: bytes) -> None:
        _, command, status, sequence = struct.unpack(">IIII", data[:16])
        try:
            pdu = smpp.parse_pdu(data, client=self, allow_unknown_opt_params=True)
            receipt = smpp_pdu.receipt_of(pdu) if pdu.command == "deliver_sm" else None
        except (
            Exception
        ) as error:  # whatever the codec does with it: it comes again, and must not end every session
            if not command & _RESPONSE:
                unknown = isinstance(error, exceptions.UnknownCommandError)
                self._reply("generic_nack", sequence, _BAD_COMMAND if unknown else _BAD_LENGTH)
                return
            pdu, receipt = SimpleNamespace(command="", sequence=sequence), None  # its head is an answer, too
        if pdu.command == "deliver_sm":
            self._received(pdu, receipt)
        elif pdu.command == "enquire_link":
            self._reply("enquire_link_resp", sequence)
        elif pdu.command == "unbind":
            self._reply("unbind_resp", sequence)
            raise LinkDown("unbound by the SMS centre")
        elif future := self._waiting.get(sequence):
            pdu.status = status
            if not future.done():
                future.set_result(pdu)

    def _received(self, pdu: Any, receipt: Receipt | None) -> None:
        if self._receipts.qsize() < _MANY:
            self._receipts.put_nowait((pdu, receipt))
        else:
            self._reply("deliver_sm_resp", pdu.sequence, _TRY_AGAIN)

    async def _store_receipts(self) -> None:
        while True:
            batch = [await self._receipts.get(), *self._more_receipts(_AT_ONCE - 1)]
            status = 0
            try:
                if receipts := [receipt for _, receipt in batch if receipt]:
                    async with asyncio.timeout(_PATIENCE):
                        await self._store(receipts)
            except (
                Exception
            ) as error:  # the database is away: the SMS centre keeps them, and what came meanwhile
                batch += self._more_receipts(_MANY)
                log.warning("smpp-receipts-not-stored", count=len(batch), error=type(error).__name__)
                status = _TRY_AGAIN
            for pdu, _ in batch:
                self._reply("deliver_sm_resp", pdu.sequence, status)

    def _more_receipts(self, most: int) -> list[tuple[Any, Receipt | None]]:
        return [self._receipts.get_nowait() for _ in range(min(most, self._receipts.qsize()))]
