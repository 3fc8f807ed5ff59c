"""Whose turn it is: what to do with a notice that was claimed, judged at the moment of sending."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notify.domain import caps, contact, course, hours
from services.notify.domain.contact import Person, Unreachable
from services.notify.domain.holidays import is_public_holiday
from services.notify.domain.told import FOLDED
from shared.policies.values import Notice as Rules

PERSON_WAIT: Final = timedelta(minutes=10)
"""So long a notice waits for a person whom the registry does not know yet."""
_LOOK_AGAIN: Final = timedelta(seconds=15)
_LAST_AGAIN: Final = timedelta(minutes=5)
_EARLIER_FIRST: Final = timedelta(seconds=5)
"""A notice whose predecessor is being sent is looked at again after this."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed notice. `last`: there is no further medium.

    `overtaken`: the binding has gone on, or there is a notice of a later version for the same recipient. One of an earlier version is
    being sent, `ahead_sending`, or waits for its time, `ahead_at`.
    """

    template: str
    decided_at: datetime
    created_at: datetime
    overtaken: bool
    ahead_sending: bool = False
    ahead_at: datetime | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Send it now, to this number."""

    number: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Never: the staff must know, unless it is of a kind that nobody has to be told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Never: a later decision has made it pointless."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Not by this medium: by the next one, if there is one."""

    reason: str


Turn = Send | Later | HandOver | Overtaken | Skip


def judge(claimed: Claimed, medium: str, person: Person | None, rules: Rules, now: datetime) -> Turn:
    """Whether it still matters, then its age, whether it comes next, the person and the number, and the hour."""
    if claimed.overtaken and claimed.template in FOLDED:
        return Overtaken()  # however old: what came after it is what the staff have to tell
    if course.too_old(claimed.decided_at, now, rules.max_age_hours):
        return HandOver("too-old")
    if (first := _earlier_first(claimed, now)) is not None:
        return Later(first, "earlier-first")
    number = contact.contact(person, now)
    if isinstance(number, Unreachable):
        if number.reason == "person-unknown" and now - claimed.created_at < PERSON_WAIT:
            return Later(now + _LOOK_AGAIN, number.reason)
        return HandOver(number.reason)
    if not contact.wanted(person, claimed.template in rules.optional_kinds, rules.optional_unasked):
        return HandOver("not-wanted")
    if medium == "sms" and person is not None and person.no_sms:
        return Skip("no-sms")  # said after the notice was made
    unfit = _unfit(number, medium)
    return unfit or _at_its_hour(claimed, medium, number, rules, now, now, "")


def queue(send: Send, line: caps.Line, claimed: Claimed, medium: str, rules: Rules, now: datetime) -> Turn:
    """The second look, with the number locked: whether it may be used once more now, else when. `line` notes the turn."""
    alone = medium == "call"
    at = line.queue(rules.call_caps if alone else rules.sms_caps, now, alone=alone)
    if at is None:
        return Skip(f"{medium}-cap")
    reason = "line-in-use" if line.busy and at - now <= caps.IN_USE else f"{medium}-cap"
    turn = _at_its_hour(claimed, medium, send.number, rules, at, now, reason)
    if isinstance(turn, Send | Later):
        line.take(turn.at if isinstance(turn, Later) else now, now, alone=alone)
    return turn


def unserved(
    claimed: Claimed, medium: str, since: datetime | None, rules: Rules, now: datetime
) -> Later | Skip:
    """What follows when no provider can take it `since` then; None: it never will. The last medium is waited for until it is too late."""
    if since is None:
        return Skip(f"{medium}-template-not-approved")
    over = since + timedelta(seconds=rules.outage_wait)
    if over > now:
        return Later(min(over, now + _LOOK_AGAIN), f"{medium}-down")
    return Later(now + _LAST_AGAIN, f"{medium}-down") if claimed.last else Skip(f"{medium}-down")


def _earlier_first(claimed: Claimed, now: datetime) -> datetime | None:
    """When to look again, while an earlier notice has not left. One that is overtaken by this one is not waited for."""
    soon = now + _EARLIER_FIRST
    if claimed.ahead_sending:
        return soon
    if claimed.ahead_at is None or claimed.template in FOLDED:
        return None
    return max(soon, claimed.ahead_at)


def _unfit(number: str, medium: str) -> Turn | None:
    """What a number is no good for."""
    line = contact.line(number)
    if line is contact.Line.FOREIGN:
        return HandOver("number-foreign")
    if line is contact.Line.OTHER:
        return HandOver("number-not-personal")
    return Skip("number-landline") if line is contact.Line.LANDLINE and medium == "sms" else None


def _at_its_hour(
    claimed: Claimed, medium: str, number: str, rules: Rules, earliest: datetime, now: datetime, why: str
) -> Turn:
    """Sent at the first decent moment from `earliest` on; by another medium if that comes after the notice's time. `why`: for waiting."""
    at = _decent(claimed, medium, rules, earliest)
    if at is None:
        return Skip("no-hours")
    if at <= now:
        return Send(number)
    reason = why if at == earliest else _reason(claimed, medium, rules, earliest)
    if course.too_old(claimed.decided_at, at, rules.max_age_hours):
        return Skip(
            reason
        )  # it would wait longer than it is worth telling: the next medium, or the staff, at once
    return Later(at, reason)


def _decent(claimed: Claimed, medium: str, rules: Rules, earliest: datetime) -> datetime | None:
    """The critical kinds are texted at any hour; calls have their hours always and their days unless it is critical."""
    critical = claimed.template in rules.critical_kinds
    if medium == "sms":
        return earliest if critical else hours.next_allowed(earliest, rules.quiet_hours, rules.sms_hours)
    any_day = critical or rules.call_on_holidays
    closed = hours.open_every_day if any_day else is_public_holiday
    return hours.next_allowed(earliest, rules.quiet_hours, rules.call_hours, closed)


def _reason(claimed: Claimed, medium: str, rules: Rules, earliest: datetime) -> str:
    """Why `earliest` is no decent moment: the hour, or else the day."""
    spans = rules.call_hours if medium == "call" else rules.sms_hours
    in_hours = hours.next_allowed(earliest, rules.quiet_hours, spans) == earliest
    return "public-holiday" if in_hours else "quiet-hours"
