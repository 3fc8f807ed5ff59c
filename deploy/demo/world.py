"""What a scene may do: publish as somebody, wait for what follows, and write down a row."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.cast import Cast
from deploy.demo.channel import Channels
from deploy.demo.follow import Follower
from deploy.demo.rows import Ledger, Row
from deploy.reading.seen import Seen
from shared.clock import BEIJING, SystemClock
from shared.contracts.binding_requests import Submitted
from shared.contracts.review_verdicts import VerdictGiven
from shared.contracts.sources import get as source_of
from shared.ids import SystemIds
from shared.testing.identities import MadeUp
from shared.testing.messages import bill, submitted


@dataclass(slots=True)
class World:
    """The running stack as the demo's scenes see it."""

    cast: Cast
    clock: SystemClock
    channels: Channels
    follower: Follower
    ledger: Ledger = field(default_factory=Ledger)
    ids: SystemIds = field(default_factory=SystemIds)
    bills: int = 0

    def now(self) -> datetime:
        """The stack's time."""
        return self.clock.now()

    def application(self, sponsor: str, relative: str, relation: str, **changes: Any) -> Submitted:
        """A complete application of two members of the cast, made now."""
        changes.setdefault("binding_id", self.ids.new())
        return submitted(self.cast[sponsor], self.cast[relative], relation=relation, at=self.now(), **changes)

    async def apply(
        self,
        source: str,
        title: str,
        request: Submitted,
        expected: str,
        notice: str = "",
        reasons: Iterable[str] = (),
    ) -> tuple[Row, UUID]:
        """Publishes an application, waits for the expected state and writes the row. `reasons` are the codes expected, all of them."""
        row = self.row(source, title, expected, str(request.binding_id), notice)
        began = time.monotonic()
        await self.channels.say(source, "binding.requests.submitted", request)
        await self.see_state(row, request.binding_id, expected)
        row.seconds = time.monotonic() - began
        wanted = set(reasons)
        if wanted and set(row.why.split(", ")) != wanted:
            row.got += f" ({row.why})"
        return row, request.binding_id

    def row(self, source: str, title: str, expected: str, about: str, notice: str = "") -> Row:
        """A row of the table of requests."""
        row = Row(channel_name(source), title, expected, about=about, notice_expected=notice)
        self.ledger.requests.append(row)
        return row

    async def see_state(
        self, row: Row, binding_id: UUID, expected: str, timeout: float = 120.0
    ) -> dict[str, Any]:
        """Waits until the binding is in the expected state; the row gets state and reason codes. Returns the whole state."""
        try:
            seen = await self.settled_state(binding_id, row.title, expected, timeout=timeout)
        except TimeoutError:
            row.got = self.state_of(binding_id)
            return {}
        row.got = expected
        row.why = ", ".join(reason["code"] for reason in seen.raw["reasons"])
        return dict(seen.raw)

    async def settled_state(self, binding_id: UUID, what: str, *states: str, timeout: float = 120.0) -> Seen:
        """The latest version of a binding once it is in one of the states. Raises `TimeoutError` naming `what`."""

        def arrived() -> Seen | None:
            latest = self.latest(binding_id)
            return latest if latest is not None and latest.raw["state"] in states else None

        return await self.follower.until(arrived, what, timeout)

    async def decide(self, verdict: VerdictGiven, timeout: float = 120.0) -> dict[str, Any]:
        """An operator's verdict, given again while the documents of the case are still being verified; the answer to it."""
        end = time.monotonic() + timeout
        while True:
            asked = await self.channels.say("desk", "review.verdicts.verdict-given", verdict)
            told = await self._told(asked, str(verdict.binding_id), timeout)
            reading = [reason["code"] for reason in told["reasons"]] == ["documents-pending"]
            if not reading or time.monotonic() > end:
                return told
            await asyncio.sleep(0.2)

    async def _told(self, asked: str, about: str, timeout: float) -> dict[str, Any]:
        def answered() -> Seen | None:
            answers = self.follower.named(about, "answers.desk")
            return next((seen for seen in answers if seen.request == ("desk", asked)), None)

        return dict((await self.follower.until(answered, f"the answer to a verdict on {about}", timeout)).raw)

    def latest(self, binding_id: UUID) -> Seen | None:
        """The latest version of a binding on `binding.decisions`."""
        versions = self.follower.named(str(binding_id), "binding.decisions")
        return max(versions, key=lambda seen: int(seen.raw.get("version", 0)), default=None)

    def state_of(self, binding_id: UUID) -> str:
        """The state that the binding is in, for a person."""
        latest = self.latest(binding_id)
        return latest.raw["state"] if latest else "nothing heard"

    def bill_of(self, patient: MadeUp, total: int, **changes: Any) -> dict[str, Any]:
        """Fields of the next bill of `total` fen, dated now; message ids are numbered through the demo."""
        self.bills += 1
        return bill(patient, total, number=self.bills, at=self.now() - timedelta(seconds=1), **changes)

    async def answer(
        self, source: str, msgid: str, infno: str | None = None, timeout: float = 120.0
    ) -> dict[str, Any]:
        """The answer that `source` reads for its message."""
        seen = await self.follower.until(
            lambda: self._answer(source, msgid, infno), f"the answer to {msgid}", timeout
        )
        return dict(seen.raw)

    def _answer(self, source: str, msgid: str, infno: str | None) -> Seen | None:
        found = self.follower.named(msgid, f"answers.{source}")
        return next((seen for seen in found if infno in (None, seen.raw.get("infno"))), None)


def channel_name(source: str) -> str:
    """The Chinese name of a source."""
    found = source_of(source)
    return found.name if found else source


def beijing(moment: datetime) -> str:
    """Hour and minute as a person in China reads them."""
    return moment.astimezone(BEIJING).strftime("%m-%d %H:%M")
