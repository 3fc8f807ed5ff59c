"""Other cases of the same persons and documents: which are locked, what the database says of them, and the batch's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from services.audit import storage
from services.audit.domain import risk
from services.audit.domain.life import ROUNDS
from services.audit.domain.model import CaseFile
from services.audit.domain.risk import Asked, Others, Use
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_screenings import Case, Passed
from shared.contracts.topics import TYPES
from shared.db import Conn, load_queries
from shared.messaging.handler import Event, Item, Tombstone
from shared.policies.values import RegionPolicy, Review

Q = load_queries(__file__)
_PERSONS = TYPES["registry.persons.recorded"].topic
Round: TypeAlias = tuple[UUID, int]


class Policies(Protocol):
    def at(self, region: str, moment: datetime) -> RegionPolicy: ...


@dataclass(slots=True)
class Beside:
    """What is stored leaves out the batch's own cases: those are looked at themselves, as they stand when a case is weighed."""

    asked: dict[Round, Asked] = field(default_factory=dict)
    requests: dict[Round, int] = field(default_factory=dict)
    bindings: dict[Round, int] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)
    related: frozenset[str] = frozenset()
    own: dict[str, set[UUID]] = field(default_factory=dict)
    """The batch's own cases by the numbers of their parties and by their documents."""
    screened: set[UUID] = field(default_factory=set)
    """Cases whose documents are to be kept."""

    def note(self, file: CaseFile, *, screened: bool = False) -> None:
        """A case of the batch as it stands now; whether a round of screening brought it there."""
        case, one = file.state.case, file.state.binding_id
        if screened and case.materials:
            self.screened.add(one)
        self.own.setdefault(case.sponsor.psn_no, set()).add(one)
        if case.beneficiary:
            self.own.setdefault(case.beneficiary.psn_no, set()).add(one)
        for material in case.materials:
            self.own.setdefault(material.sha256, set()).add(one)

    def beside(self, body: Passed, review: Review, files: Mapping[UUID, CaseFile]) -> Others:
        """What other cases show of this one."""
        case, place = body.case, (body.binding_id, body.round)
        asked = self.asked.get(place) or risk.asked(case, review)

        def of(key: str) -> list[BindingState]:
            return [files[one].state for one in self.own.get(key, ()) if one != body.binding_id]

        requests, bindings = self.requests.get(place, 0), self.bindings.get(place, 0)
        if asked.day:
            sponsor = case.sponsor.psn_no
            requests += sum(risk.is_request(one, sponsor, asked.day) for one in of(sponsor))
        if asked.since and case.beneficiary:
            who = case.beneficiary.psn_no
            bindings += sum(risk.is_binding(one, who, asked.since) for one in of(who))
        documents: list[tuple[Use, list[Use]]] = []
        for digest, mine in risk.uses(case).items() if asked.documents else ():
            near = (risk.uses(one.case).get(digest) for one in of(digest))
            documents.append((mine, [*self.uses.get(digest, ()), *(use for use in near if use)]))
        return Others(requests, bindings, tuple(documents))


async def lock(conn: Conn, items: Sequence[Item], policies: Policies) -> None:
    """Locks the persons and documents whose cases are weighed, and the erased, in the order of their keys. To be called after the cases'
    own locks; what is read later holds whatever another replica decided of them before."""
    keys = {
        i.key.decode()
        for i in items
        if isinstance(i, Event) and i.topic == _PERSONS and isinstance(i.body, Tombstone)
    }
    for body, review in _screened(items, policies):
        case = body.case
        if review.reused_documents:
            keys.update(one.sha256 for one in case.materials)
        if isinstance(body, Passed):
            if review.requests_per_day is not None:
                keys.add(case.sponsor.psn_no)
            if review.bindings_in_days and case.beneficiary:
                keys.add(case.beneficiary.psn_no)
    if keys:
        await conn.execute(Q["lock"], sorted(keys))


async def load(conn: Conn, items: Sequence[Item], files: Mapping[UUID, CaseFile], policies: Policies, own: Sequence[UUID]) -> Beside:  # fmt: skip
    """What other cases show of those that passed. `own`: the batch's own bindings."""
    beside = Beside()
    for file in files.values():
        beside.note(file)
    weighed = [(body, risk.asked(body.case, review)) for body, review in _screened(items, policies)]
    passed = [(body, asked) for body, asked in weighed if isinstance(body, Passed)]
    places = [(body.binding_id, body.round) for body, _ in passed]
    beside.asked = dict(zip(places, (asked for _, asked in passed), strict=True))
    days = [(n, body.case.sponsor.psn_no, *a.day) for n, (body, a) in enumerate(passed) if a.day]
    if days:
        rows = await conn.fetch(Q["requests"], *map(list, zip(*days, strict=True)), own, risk.NO_REQUEST)
        beside.requests = {places[n]: count for n, count in rows}
    spans = [
        (n, body.case.beneficiary.psn_no, a.since)
        for n, (body, a) in enumerate(passed)
        if a.since and body.case.beneficiary
    ]
    if spans:
        rows = await conn.fetch(Q["bindings"], *map(list, zip(*spans, strict=True)), own, risk.NO_BINDING)
        beside.bindings = {places[n]: count for n, count in rows}
    cases = [body.case for body, asked in weighed if asked.documents]
    await _documents(conn, beside, cases, [file.state.case for file in files.values()], own)
    return beside


async def _documents(
    conn: Conn, beside: Beside, screened: Sequence[Case], held: Sequence[Case], own: Sequence[UUID]
) -> None:
    """Reads the other uses of the documents that were screened, and who of all those named are relatives."""
    here: dict[str, list[Use]] = {}
    for case in screened:
        for digest, use in risk.uses(case).items():
            here.setdefault(digest, []).append(use)
    if not here:
        return
    for case in held:
        for digest in here.keys() & {one.sha256 for one in case.materials}:
            here[digest].append(risk.uses(case)[digest])
    for digest, personal, named in await conn.fetch(Q["uses"], sorted(here), own):
        beside.uses.setdefault(digest, []).append(Use(personal, frozenset(named)))
    asked = {
        pair for digest, mine in here.items() for pair in risk.pairs((*mine, *beside.uses.get(digest, ())))
    }
    beside.related = await storage.related(conn, sorted(asked))


async def save(conn: Conn, beside: Beside, files: Mapping[UUID, CaseFile], erased: Sequence[str]) -> None:
    """Keeps the documents of the cases that were screened; those of erased persons go, with the cases' others."""
    rows = [
        (one, digest, use.personal, " ".join(sorted(use.named)))
        for one in sorted(beside.screened)
        for digest, use in sorted(risk.uses(files[one].state.case).items())
    ]
    if rows:
        await conn.execute(Q["keep"], *map(list, zip(*rows, strict=True)))
    if erased:
        await conn.execute(Q["forget"], sorted(erased))


def _screened(items: Sequence[Item], policies: Policies) -> Iterator[tuple[Any, Review]]:
    """The rounds of a batch, each with its region's rules of that time."""
    for item in items:
        body = item.body if isinstance(item, Event) else None
        if isinstance(body, ROUNDS):
            yield body, policies.at(body.case.admdvs, item.time).review
