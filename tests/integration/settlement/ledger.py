"""Settlement on a real PostgreSQL with a clock that is moved by hand: bills, statements and verdicts go in, answers come out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from services.settlement.desk import operators
from services.settlement.handlers import SettlementHandler
from shared import db
from shared.contracts.operators import Operator, Role
from shared.contracts.topics import TYPES
from shared.ids import SystemIds
from shared.messaging.due import DueRows
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from tests.integration.audit.replica import Hand
from tests.unit.settlement import kit
from tests.unit.settlement.ruling import Ruled

LEDGER = frozenset({Role.LEDGER})
OPERATORS = {
    "ledger-01": Operator("ledger-01", LEDGER, ("100000",)),
    "ledger-32": Operator("ledger-32", LEDGER, ("320000",)),
    "ledger-0001": Operator("ledger-0001", LEDGER, ("100000",), frozenset({"mother"})),
    "reviewer-01": Operator("reviewer-01", frozenset({Role.REVIEWER}), ("100000",)),
}
PLACE = ("settlement.requests", 0)
Said = dict[str, Any]


@dataclass
class Ledger:
    """One replica. `n` numbers what is sent, so that no two messages have one id."""

    pool: db.Pool
    step: BatchStep
    clock: Hand
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    n: int = 0

    @classmethod
    async def open(cls, url: str) -> Ledger:
        """A replica on a fresh database with the family of the kit: own 10.00, mother 20.00, father 30.00, two bindings."""
        pool = await db.open_pool(url, "settlement", size=6)
        handler: Any = SettlementHandler(kit.regions(), OPERATORS)
        async with pool.acquire() as conn:
            await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(handler)])
            await operators.keep(conn, OPERATORS.values())
        clock = Hand()
        clock.at = kit.NOW
        made = cls(pool, BatchStep(handler, pool, clock, SystemIds()), clock)
        await made._settle_in()
        return made

    async def _settle_in(self) -> None:
        for name in kit.CERTS:
            await self.send("registry.persons.recorded", kit.person(name), "authority")
        for code, more in ((kit.HOSPITAL, {}), (kit.PHARMACY, {"kind": "pharmacy"})):
            await self.send("registry.institutions.recorded", kit.institution(code, **more), "authority")
        for n, (name, amount) in enumerate((("child", "10.00"), ("mother", "20.00"), ("father", "30.00"))):
            region = "330100" if name != "father" else "330700"
            body = {"psn_no": name, "entry_id": f"E-{name}", "at": kit.NOW, "admdvs": region, "amount": amount, "segment": "historic"}  # fmt: skip
            await self.send("account.credits.credited", body, "authority")
            if n:
                made = kit.decision(kit.binding_id(n), name)
                await self.send("binding.decisions.approved", made, "gongji-audit")

    async def send(self, type: str, body: Said, source: str = "his-first") -> list[Said]:
        """Handles one message, appended now, and what falls due by it; the bodies that were said, with `_topic`."""
        return await self.send_together((type, body, source))

    async def send_together(self, *messages: tuple[str, Said, str]) -> list[Said]:
        """Handles messages, each a second after the one before, then all that fell due by them at once; the bodies that were said."""
        last = await self.pool.fetchval("select coalesce(max(id), 0) from outbox")
        for n, (type, body, source) in enumerate(messages):
            self.clock.at += timedelta(seconds=min(n, 1))
            await self.step.run([self._record(type, body, source)])
        await self._fire()
        return await self._said(last)

    async def send_as_one(self, *messages: tuple[str, Said, str]) -> list[Said]:
        """Handles messages in one batch, then all that fell due by them; the bodies that were said."""
        last = await self.pool.fetchval("select coalesce(max(id), 0) from outbox")
        await self.step.run([self._record(*one) for one in messages])
        await self._fire()
        return await self._said(last)

    async def _said(self, last: int) -> list[Said]:
        rows = await self.pool.fetch("select topic, bodies from outbox where id > $1 order by id", last)
        return [{"_topic": topic, **from_json(b)} for topic, bodies in rows for b in bodies]

    async def _fire(self) -> None:
        dues = DueRows(self.step)
        await dues.note_read({PLACE: self.offsets.get(PLACE, -1) + 1}, self.clock.now())
        while await dues.fire([PLACE]):
            pass

    def _record(self, type: str, body: Said, source: str) -> PlainRecord:
        spec = TYPES[type]
        key = spec.key_of(spec.model.model_validate_json(to_json(body)))
        place = (spec.topic, 0)
        offset = self.offsets[place] = self.offsets.get(place, -1) + 1
        self.n += 1
        headers = {
            "ce_specversion": "1.0", "ce_source": source, "ce_id": f"m-{self.n}", "ce_type": spec.full,
            "ce_time": self.clock.now().isoformat(),
        }  # fmt: skip
        pairs = [(k, v.encode()) for k, v in headers.items()]
        stamp = int(self.clock.now().timestamp() * 1000)
        return PlainRecord(spec.topic, 0, offset, stamp, key.encode(), to_json(body), pairs)

    def msgid(self, code: str = kit.HOSPITAL) -> str:
        """A new message id of an institution."""
        self.n += 1
        return f"{code}20261123100000{self.n:04d}"

    async def bill(
        self, total: str, source: str = "his-first", code: str = kit.HOSPITAL, **changes: Any
    ) -> Said:
        """Settles a bill of the child; the answer."""
        body = kit.World().request(
            total, bill_at=self.clock.now(), msgid=self.msgid(code), fixmedins_code=code
        )
        return _answer(await self.send("settlement.requests.settle", body | changes, source))

    async def back(self, kind: str, **fields: Any) -> Said:
        """Sends a cancel, reversal or refund; the answer."""
        infno = {"cancel": "2208", "reverse": "2601"}.get(kind)
        body = {"msgid": self.msgid(), "fixmedins_code": kit.HOSPITAL, "psn_no": "child"} | fields
        return _answer(
            await self.send(f"settlement.requests.{kind}", body | ({"infno": infno} if infno else {}))
        )

    async def statement(
        self, kind: str, day: str = "2026-11-23", end: str | None = None, **fields: Any
    ) -> Said:
        """Sends totals, detail, clear or uncleared; the answer."""
        return _answer(await self.send(f"reconciliation.requests.{kind}", self.days(day, end) | fields))

    def days(self, day: str, end: str | None = None) -> Said:
        """What every statement says."""
        return {
            "fixmedins_code": kit.HOSPITAL, "msgid": self.msgid(), "insutype": "310", "clr_type": "11", "setl_optins": "330100",
            "stmt_begndate": day, "stmt_enddate": end or day,
        }  # fmt: skip

    async def verdict(self, kind: str, case_id: str, operator: str = "ledger-01", **fields: Any) -> Said:
        """Says a verdict at the desk; the answer."""
        body = {"case_id": case_id, "operator_id": operator} | fields
        return _answer(await self.send(f"ledger.verdicts.{kind}", body, "desk"))

    async def close(self, month: str, region: str = "330100", operator: str = "ledger-01") -> Said:
        """Says that a month is closed; the answer."""
        return await self.verdict(
            "period-closed", f"period-{region}-{month}", operator, month=month, admdvs=region
        )

    async def verify(self) -> list[Any]:
        """Broken invariants."""
        return list(await self.pool.fetch("select * from verify()"))

    def pass_to(self, at: str) -> None:
        """Time passes."""
        self.clock.at = datetime.fromisoformat(at)


def row(answer: Said, **changes: Any) -> Said:
    """What an institution lists of an answer that it was given: money back where nothing was billed."""
    back = answer.get("medfee_sumamt") is None
    total = answer.get("medfee_sumamt") or "0.00"
    made = {
        "setl_id": answer["setl_id"], "msgid": answer["msgid"], "medfee_sumamt": total, "acct_pay": answer["acct_pay"],
        "acct_mulaid_pay": answer["acct_mulaid_pay"], "refd_setl_flag": "1" if back else "0",
    }  # fmt: skip
    return made | changes


def _answer(said: list[Said]) -> Said:
    """The one answer among what was said."""
    (answer,) = [one for one in said if one["_topic"].startswith("answers.")]
    return answer


@asynccontextmanager
async def that_holds(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    """A replica with the family of the kit, where a quote's shares are set apart for two hours at most."""
    ruled = Ruled(hold_minutes=120, sponsor_segments=frozenset({"current", "historic"}))
    monkeypatch.setattr(kit, "regions", lambda: ruled)
    made = await Ledger.open(url)
    yield made
    await made.pool.close()
