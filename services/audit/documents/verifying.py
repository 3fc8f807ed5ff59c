"""Background work: leases cases whose documents are to be read, reads them without a connection, hands over what was found.

Faults go through the handler, so that the request for other documents is a decision like any other. A store that does not answer
is asked again, later and later; past the patience the case is shown to people as not verified, and still tried.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import asyncpg
from prometheus_client import Counter, Gauge

from services.audit.clients.store import Missing, Store, Unavailable
from services.audit.documents import rows
from services.audit.documents.judging import Judge
from services.audit.documents.rows import Q
from services.audit.domain import checked, documents
from services.audit.domain.documents import Fault
from shared import log
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import Material
from shared.db import is_infrastructure
from shared.messaging.handler import Due
from shared.messaging.service import Running
from shared.policies.loader import Policies

AT_ONCE = 4
LEASE, LONGEST = 600.0, 540.0
"""Real seconds for which a case is one process's, and after which its check is given up until later."""
POLL, LONGEST_WAIT = 0.3, 300.0
"""Real seconds between two looks, and between two tries of one case at most."""


class Judging(Protocol):
    async def fault(self, material: Material, content: bytes | None, limit: int) -> str | None: ...

    def close(self) -> None: ...


class Verifier:
    """Reads and judges the documents of cases until the service stops."""

    def __init__(
        self,
        running: Running,
        store: Store,
        policies: Policies,
        patience: float,
        judge: Judging | None = None,
    ) -> None:
        self._running, self._store, self._policies, self._patience = running, store, policies, patience
        self._judge = judge or Judge()
        registry = running.metrics.registry
        self._waiting = Gauge(
            "gongji_audit_documents_waiting", "Cases under review, or drawn for a second look, whose documents are not verified", ["state"],
            registry=registry,
        )  # fmt: skip
        self._found = Counter(
            "gongji_audit_documents_total", "Documents by what was found", ["outcome"], registry=registry
        )

    async def run(self) -> None:
        """Until the service stops; an unreachable database is waited for."""
        try:
            while not self._running.stopping.is_set():
                try:
                    busy = await self.round()
                    await self._count()
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    log.get().warning("the check of documents waits for the database", **log.fault(error))
                    busy = False
                if not busy:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._running.stopping.wait(), POLL)
        finally:
            self._judge.close()

    async def round(self) -> bool:
        """One look at what is to be checked; whether there may be more."""
        leased = await self._running.pool.fetch(Q["lease"], AT_ONCE, LEASE)
        await asyncio.gather(*(self._check(row) for row in leased))
        return len(leased) == AT_ONCE

    async def _check(self, row: asyncpg.Record) -> None:
        case = UUID(int=row["binding_id"].int), row["round"]
        try:
            async with asyncio.timeout(LONGEST):
                faults, bad = await self._faults(row)
        except (Unavailable, TimeoutError) as error:
            await self._later(case, row["tries"], error)
            return
        now = self._running.clock.now()
        if faults:
            body = checked.Checked(row["round"], tuple(faults)).written()
            await self._running.apply([Due(checked.KIND, str(case[0]), now, body)])
        async with self._running.pool.acquire() as conn:
            await rows.settle(conn, case, bad, now)

    async def _faults(self, row: asyncpg.Record) -> tuple[list[Fault], Sequence[documents.Place]]:
        """What is wrong with the documents of a case, and with which of them."""
        case = BindingState.model_validate_json(row["body"]).case
        limit = self._policies.at(case.admdvs, self._running.clock.now()).review.document_bytes
        known = [(reference, digest) for one in row["faulty"] for reference, digest in [one.split(" ")]]
        faults: list[Fault] = []
        bad: list[documents.Place] = []
        for material in documents.wanted(case.materials, known):
            content: bytes | Missing | None = None
            if material.size <= limit:
                content = await self._store.read(material.reference, limit)
            code = await self._judge.fault(material, content if isinstance(content, bytes) else None, limit)
            self._found.labels(code or "sound").inc()
            if code:
                faults.append(Fault(code, material.kind, material.holder))
                bad.append(documents.place(material))
        return faults, bad

    async def _later(self, case: rows.Round, tries: int, error: Exception) -> None:
        wait = min(0.5 * 2.0 ** min(tries, 20), LONGEST_WAIT)
        state = await self._running.pool.fetchval(Q["again"], *case, wait, self._patience)
        told = log.get().error if state == "late" else log.get().warning
        told(
            "documents not verified, trying again",
            binding_id=str(case[0]),
            state=state,
            tries=tries + 1,
            why=str(error) or type(error).__name__,
        )

    async def _count(self) -> None:
        found = {row["state"]: row["count"] for row in await self._running.pool.fetch(Q["waiting"])}
        for state in ("pending", "late"):
            self._waiting.labels(state).set(found.get(state, 0))


async def unverified(running: Running) -> None:
    """Without a store: says so, shows what waited for one, and waits for the end."""
    log.get().warning("no store of documents is configured: cases are shown with documents not verified")
    await _patiently(running, "give_up")
    await running.stopping.wait()


async def verified(running: Running, store: Store, policies: Policies, patience: float) -> None:
    """With a store: what was shown unverified until now is read as well."""
    try:
        await store.reach()
    except Unavailable as error:
        log.get().error("the store of documents does not answer", why=str(error))
    await _patiently(running, "adopt")
    await Verifier(running, store, policies, patience).run()


async def _patiently(running: Running, statement: str) -> None:
    while not running.stopping.is_set():
        try:
            await running.pool.execute(Q[statement])
            return
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.get().warning("the check of documents waits for the database", **log.fault(error))
            await asyncio.sleep(1)
