"""Eligibility's own record of screenings, kept for a year: what `gongji policy replay` asks again under another policy.

A row holds references; the request is that of the binding, the registry records are those of the history. See `memory`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from services.eligibility import memory
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import Submitted
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.db import Conn, load_queries
from shared.policies import Policies

Q = load_queries(__file__, "record.sql")
BATCH = 500
_FACE_VERDICTS = frozenset({"face-check-provider", "face-check-signature"})


class Gap(StrEnum):
    """Why a screening cannot be asked again."""

    ERASED = "erased"
    """Somebody in it was erased from the registry, or what was bound is over and was stripped."""
    HISTORY = "history-missing"
    """A registry record that it used is not in the history: it is older than the history."""


class NotRebuildable(Exception):
    """The facts of a screening are not kept any more; see `Recorded.gap`. Its text names nobody."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One screening as it was: one round of one request, with its outcome and the facts that it was judged by.

    `at`: event time, by which policy and ages are those of that day; `screened_at`: when it was screened. `first`: whether the
    rules of the first round held (a face check is judged only then): pass it on, `screen(r.inquiry(policies), first=r.first)`.
    `codes`: the reasons' codes, in order. `region`: whose policy held. `gap`: why it cannot be asked again, or `None`.
    """

    id: int
    binding_id: UUID
    round: int
    first: bool
    at: datetime
    screened_at: datetime
    region: str
    policy_version: str
    outcome: Outcome
    codes: tuple[str, ...]
    gap: Gap | None
    _facts: bytes
    _body: bytes
    _people: Mapping[memory.PersonVersion, bytes]
    _relations: Mapping[memory.RelationVersion, bytes]

    def inquiry(self, policies: Policies, keys: Mapping[str, tuple[str, ...]] | None = None) -> Inquiry:
        """The very inquiry, with the facts as they were, under any policies. Raises `NotRebuildable` where there is a `gap`.

        The face check is not verified again: its verdict is part of the record. One that nobody had to verify counts as good.
        `keys`: public keys of providers; needed by no rule then, for callers that have them.
        """
        if self.gap is not None:
            raise NotRebuildable(self.gap)
        request = Submitted.model_validate(from_json(self._body)["request"])
        wrong = _FACE_VERDICTS.intersection(self.codes)
        check = request.face_check
        # Without keys a provider is unknown, with an empty list of keys no signature holds: the verdict of then.
        said = {check.provider: ()} if check and "face-check-signature" in wrong else {}
        return memory.decode(
            self._facts,
            request,
            self.at,
            self.region,
            {ref: PersonRecorded.model_validate_json(body) for ref, body in self._people.items()},
            {ref: RelationRecorded.model_validate_json(body) for ref, body in self._relations.items()},
            policies,
            said if wrong else (keys or {}),
            face_verified=not wrong,
        )


async def count(conn: Conn, since: datetime, until: datetime, region: str = "") -> int:
    """How many screenings `read` yields, for a progress bar."""
    found: int = await conn.fetchval(Q.count_screenings, since, until, region)
    return found


async def read(conn: Conn, since: datetime, until: datetime, region: str = "") -> AsyncIterator[Recorded]:
    """Screenings of requests whose event time is in [since, until), in the order in which they were screened.

    `region`: first digits, such as "33". `conn` works in eligibility's schema; rows are read 500 at a time, in one read-only
    transaction that this function opens and that ends with the iteration.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        cursor = await conn.cursor(Q.screenings, since, until, region)
        while rows := await cursor.fetch(BATCH):
            for recorded in await _with_facts(conn, rows):
                yield recorded


async def _with_facts(conn: Conn, rows: Sequence[Any]) -> list[Recorded]:
    """Adds the registry records that a batch of rows refers to, one statement for each kind."""
    wanted = [memory.references(row["facts"]) if row["facts"] else ([], None) for row in rows]
    people = sorted({ref for refs, _ in wanted for ref in refs})
    relations = sorted({ref for _, ref in wanted if ref})
    persons = await conn.fetch(Q.persons_then, [p[0] for p in people], [p[1] for p in people])
    related = await conn.fetch(Q.relations_then, *([r[n] for r in relations] for n in range(3)))
    found = {(row[0], row[1]): row[2] for row in persons}
    linked = {(row[0], row[1], row[2]): row[3] for row in related}
    return [_recorded(row, *refs, found, linked) for row, refs in zip(rows, wanted, strict=True)]


def _recorded(
    row: Any,
    people: Sequence[memory.PersonVersion],
    relation: memory.RelationVersion | None,
    found: Mapping[memory.PersonVersion, bytes],
    linked: Mapping[memory.RelationVersion, bytes],
) -> Recorded:
    known = {ref: found[ref] for ref in people if ref in found}
    related = {relation: linked[relation]} if relation and relation in linked else {}
    gap = None
    if row["facts"] is None or row["body"] is None:
        gap = Gap.ERASED
    elif len(known) < len(set(people)) or (relation and not related):
        gap = Gap.HISTORY
    return Recorded(
        id=row["id"],
        binding_id=row["binding_id"],
        round=row["round"],
        first=row["first"],
        at=row["at"],
        screened_at=row["screened_at"],
        region=row["region"],
        policy_version=row["policy_version"],
        outcome=Outcome(row["outcome"]),
        codes=tuple(row["codes"].split()),
        gap=gap,
        _facts=row["facts"],
        _body=row["body"],
        _people=known,
        _relations=related,
    )
