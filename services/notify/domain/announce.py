"""From what is to be told to a row: media, words, message centre, and whether it is history."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic_core import to_json

from services.notify.domain import course, texts
from services.notify.domain.contact import Person, is_child, wanted
from services.notify.domain.course import State
from services.notify.domain.templates import CHINESE, Templates
from services.notify.domain.told import Told
from shared.contracts.answers import Binding, CentreMessage
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, Step
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium
from shared.policies.values import Notice as Rules

CENTRE: Final = str(Medium.MESSAGE_CENTRE)
_HOUR: Final = 3600

ANSWERED_AS_DELIVERED = frozenset({"approved", "refused", "rejected"})
"""Decisions whose delivery is the public step 送达."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is told. `media`: in order, the message centre first where it has a wait of its own; `centre`: whose shows it."""

    media: tuple[str, ...]
    centre: Origin | None
    first_wait: int  # seconds in which the message centre alone may do


def reach(
    told: Told, rules: Rules, person: Person | None, centres: frozenset[str], *, retracts: bool = False
) -> Reach | None:
    """Who hears of it how, as the region says; None: nobody does.

    `centres`: sources that show messages to their users. `retracts`: the person would else hear of a pause that is over, which has
    not been sent yet.
    """
    kinds = rules.sponsor_kinds if told.side is Side.SPONSOR else rules.beneficiary_kinds
    optional = told.template in rules.optional_kinds
    alive = person is None or not person.dead
    centre = told.origin if told.origin and told.origin.source in centres and alive else None
    told_so = (told.template in kinds or retracts) and wanted(person, optional, rules.optional_unasked)
    if told_so and told.side is Side.BENEFICIARY and person is not None:
        told_so = not is_child(person, told.decided_at)
    if not told_so:
        return Reach((CENTRE,), centre, rules.max_age_hours * _HOUR) if centre else None
    listed = rules.media_optional if optional else rules.media_counter if told.in_person else rules.media
    planned = course.plan(tuple(listed), no_sms=bool(person and person.no_sms))
    if optional and not planned and not centre:
        return None
    if centre and (rules.centre_wait or not planned):
        return Reach((CENTRE, *planned), centre, rules.centre_wait or rules.receipt_wait)
    return Reach(planned, centre, 0)


def first_step(
    told: Told,
    planned: tuple[str, ...],
    appended_at: datetime,
    born_at: datetime,
    now: datetime,
    rules: Rules,
) -> tuple[State, str | None] | None:
    """State and reason of a new notice; None for history, which an earlier database has told or nobody needs.

    What was decided before this database began may have been told by the one before it: never sent, staff may look. Nobody looks
    after what nobody has to be told.
    """
    old = course.too_old(told.decided_at, now, rules.max_age_hours)
    before = appended_at < born_at
    if planned and not old and not before:
        return (State.PENDING if planned[0] == CENTRE else State.CREATED), None
    if (before and old) or not must_be_told(told.template, told.side, rules):
        return None
    return State.HANDED, "before-rebuild" if before else "too-old" if old else "no-medium"


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


def must_be_told(kind: str, side: str, rules: Rules) -> bool:
    """Whether the staff see to it that the person hears of it, when nothing else arrived."""
    kinds = rules.sponsor_kinds if side == Side.SPONSOR else rules.beneficiary_kinds
    return kind in kinds and kind not in rules.optional_kinds
