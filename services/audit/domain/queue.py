"""How a case waits for people: reminders, escalation, who goes first, and who takes it on again after a supplement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from services.audit.domain.deadlines import after_working_days
from services.audit.domain.model import AUTO, CaseFile, Claim, Outcome, unchanged
from shared.clock import BEIJING
from shared.contracts.binding_decisions import BindingState, State

HALF, NEARLY, OVERDUE = "review-half", "review-nearly", "review-overdue"
SHARES: Mapping[str, int] = {HALF: 50, NEARLY: 90}
"""Reminders, by the share of the time that has passed (per cent)."""
KINDS = frozenset({*SHARES, OVERDUE})
"""Kinds of due rows of which the service says so in its log."""
KEPT_WORKING_DAYS = 1
"""How long a case that comes back with its documents is kept for the reviewer who asked for them."""


def reminders(file: CaseFile | None) -> Mapping[str, datetime]:
    """When a waiting case is to be remembered, by kind of due row; passed ones included, so that they are set only once."""
    since, due_at = (file.state.since, file.state.due_at) if file else (None, None)
    if since is None or due_at is None:
        return {}
    return {kind: since + (due_at - since) * share / 100 for kind, share in SHARES.items()}


def waited(file: CaseFile, kind: str) -> Outcome:
    """A reminder or the escalation of a case that still waits for people: the desk's business, no decision."""
    if file.state.state is not State.UNDER_REVIEW:
        return unchanged(file)
    if kind == OVERDUE:
        return Outcome(replace(file, overdue=True))
    return Outcome(replace(file, reminded=max(file.reminded, SHARES.get(kind, 0))))


def born_by(at: datetime, age: int | None) -> date | None:
    """The last date of birth of those who are `age` years old on a Beijing day; `None` where the region puts nobody first."""
    if age is None:
        return None
    today = at.astimezone(BEIJING).date()
    leap_day = (today.month, today.day) == (2, 29)
    return today.replace(year=today.year - age, day=28 if leap_day else today.day)


def kept_for(before: BindingState, after: BindingState, at: datetime) -> Claim | None:
    """The reviewer who asked for documents has the case again, for a day or until it is due, where nothing else changed."""
    asked = before.state is State.SUPPLEMENT_REQUESTED and after.state is State.UNDER_REVIEW
    if (
        not asked
        or after.due_at is None
        or before.reviewer in (None, AUTO)
        or not _same_but_documents(before, after)
    ):
        return None
    until = min(after_working_days(at, KEPT_WORKING_DAYS).at, after.due_at)
    return Claim(str(before.reviewer), until)


def _same_but_documents(before: BindingState, after: BindingState) -> bool:
    return before.case == after.case.model_copy(update={"materials": before.case.materials})
