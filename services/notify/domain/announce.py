"""From what is to be told to a row: media, words, message centre, and whether it is history."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from services.notify.domain import course, texts
from services.notify.domain.contact import Person
from services.notify.domain.course import Progress, State
from services.notify.domain.templates import CHINESE, Templates
from services.notify.domain.told import Told
from shared.contracts.answers import Binding, CentreMessage
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, Step
from shared.policies.values import Notice as Rules

ANSWERED_AS_DELIVERED = frozenset({"approved", "refused", "rejected"})
"""Decisions whose delivery is the public step 送达."""


def media(told: Told, rules: Rules, *, no_sms: bool) -> tuple[str, ...]:
    """Media in order: the counter's list for who applied in person or by telephone."""
    listed = rules.media_counter if told.in_person else rules.media
    return course.plan(tuple(listed), no_sms=no_sms)


def first_step(
    told: Told, planned: tuple[str, ...], appended_at: datetime, born_at: datetime, now: datetime, hours: int
) -> tuple[State, str | None] | None:
    """State and reason of a new notice; None for history, which an earlier database has told or nobody needs.

    What was decided before this database began may have been told by the one before it: never sent, staff may look.
    """
    old = course.too_old(told.decided_at, now, hours)
    if appended_at < born_at:
        return None if old else (State.HANDED, "before-rebuild")
    if old:
        return State.HANDED, "too-old"
    if not planned:
        return State.HANDED, "no-medium"
    return State.CREATED, None


def words(told: Told, templates: Templates, rules: Rules, person: Person | None) -> tuple[texts.Written, str]:
    """What is said to this person, if there is a fault which, and the content as the JSON that is stored."""
    language, surname = (person.language, person.surname) if person else (CHINESE, None)
    reader = texts.Reader(told.region, rules.hotline, language, surname)
    written = texts.write(told.facts, reader, templates)
    return written, to_json(asdict(written.content)).decode()


def unless_unsaid(first: tuple[State, str | None], written: texts.Written) -> tuple[State, str | None]:
    """The first step, or the staff with the reason for which the notice cannot be written."""
    if written.fault is None or first[0] is State.HANDED:
        return first
    return State.HANDED, written.fault.reason


def centre_message(told: Told, content: texts.Content, notice_id: UUID) -> CentreMessage:
    """What the applicant's own channel shows."""
    return CentreMessage(
        notice_id=notice_id,
        binding_id=told.binding_id,
        title=content.title,
        text=content.text,
        at=told.decided_at,
    )


def delivered_answer(suffix: str, state: BindingState) -> str | None:
    """JSON of the answer that tells the applicant's channel 送达, where the decision has that step."""
    if suffix not in ANSWERED_AS_DELIVERED:
        return None
    answer = Binding(
        binding_id=state.binding_id,
        version=state.version,
        state=state.state,
        step=Step.DELIVERED,
        reasons=state.reasons,
        effective_from=state.effective[-1].begin if state.effective else None,
        cause=state.cause,
        at=state.at,
    )
    return answer.model_dump_json()


def progress(planned: tuple[str, ...]) -> Progress:
    """The start of a course."""
    return Progress(planned)


def answer_to(told: Told, centres: frozenset[str]) -> Origin | None:
    """Whose message centre shows it."""
    return told.origin if told.origin and told.origin.source in centres else None
