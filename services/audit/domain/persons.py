"""A document of the authority about a person: what it says of each binding, and of those that are approved while it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from services.audit.domain import standing
from services.audit.domain.model import STANDING, CaseFile, OfPerson, Outcome
from shared.contracts.base import UUID
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import Case
from shared.contracts.review_verdicts import (
    EndedByAuthority,
    PersonEnded,
    PersonResumed,
    PersonSuspended,
    Resumed,
    Suspended,
)

Said: TypeAlias = PersonSuspended | PersonResumed | PersonEnded
KINDS = (PersonSuspended, PersonResumed, PersonEnded)
_COUNTRY = "100000"


@dataclass(frozen=True, slots=True)
class Hold:
    """A person's suspension as it concerns what is approved later: in the regions that begin with `region`, from `begin` to `until`."""

    psn_no: str
    region: str
    document: str
    begin: datetime
    until: datetime | None
    operator_id: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.psn_no, self.region, self.document

    @property
    def code(self) -> str:
        """The region's code, as people write it."""
        return self.region.ljust(6, "0") if self.region else _COUNTRY

    def lasts(self, after: datetime) -> bool:
        return self.until is None or self.until > after


def of_binding(body: Said, binding_id: UUID, side: Side) -> OfPerson:
    """What the document says of one binding."""
    fields = {
        "binding_id": binding_id,
        "operator_id": body.operator_id,
        "document": body.document,
        "effective_at": body.effective_at,
    }
    if isinstance(body, PersonSuspended):
        return OfPerson(Suspended(**fields, until=body.until), side)
    return OfPerson((Resumed if isinstance(body, PersonResumed) else EndedByAuthority)(**fields), side)


def side_of(case: Case, psn_no: str) -> Side | None:
    """Which side of a case a person is; `None` for neither."""
    if case.sponsor.psn_no == psn_no:
        return Side.SPONSOR
    return Side.BENEFICIARY if case.beneficiary and case.beneficiary.psn_no == psn_no else None


def begun(holds: Iterable[Hold], body: PersonSuspended, regions: Iterable[str]) -> list[Hold]:
    """Those holds that a suspension in `regions` (first digits) makes or widens; what is said again makes none."""
    held = {one.name: one for one in holds}
    made = []
    for region in regions:
        new = Hold(body.psn_no, region, body.document, body.effective_at, body.until, body.operator_id)
        old = held.get(new.name)
        if old:
            until = None if None in (old.until, new.until) else max(old.until, new.until)  # type: ignore[type-var]
            new = replace(new, begin=min(old.begin, new.begin), until=until, operator_id=old.operator_id)
        if new != old:
            made.append(new)
    return made


def lifted(
    holds: Iterable[Hold], body: PersonResumed, regions: tuple[str, ...]
) -> tuple[list[Hold], list[Hold]]:
    """Holds that end for operators of `regions` (first digits), and those of wider regions that stand and that they cannot lift."""
    lasting = [one for one in holds if one.lasts(max(body.effective_at, one.begin))]
    own = [one for one in lasting if one.region.startswith(regions)]
    wider = [one for one in lasting if one not in own and any(r.startswith(one.region) for r in regions)]
    return [replace(one, until=max(one.begin, body.effective_at)) for one in own], wider


def held(outcome: Outcome, holds: Iterable[Hold]) -> Outcome:
    """What was approved just now, suspended from then on by the holds on its parties in its region, each side by its own document."""
    file = outcome.file
    if file is None or file.state.state not in STANDING or all(s.type != "approved" for s in outcome.steps):
        return outcome
    more: Outcome = Outcome(file)
    for hold in sorted(holds, key=lambda one: (one.begin, one.name)):
        more = _suspended(more, hold)
    if not more.steps:
        return outcome
    steps = outcome.steps + more.steps
    return replace(outcome, file=more.file, steps=steps, followed=len(more.steps))


def _suspended(before: Outcome, hold: Hold) -> Outcome:
    file = before.file
    assert isinstance(file, CaseFile)
    state = file.state
    side, begin = side_of(state.case, hold.psn_no), max(hold.begin, state.at)
    if side is None or not state.case.admdvs.startswith(hold.region) or not hold.lasts(begin):
        return before
    body = Suspended(
        binding_id=state.binding_id,
        operator_id=hold.operator_id,
        document=hold.document,
        effective_at=begin,
        until=hold.until,
    )
    after = standing.by_authority(file, body, state.at, f"{side}-by-authority")
    return Outcome(after.file, before.steps + after.steps)
