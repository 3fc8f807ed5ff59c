"""Whose turn it is: what to do with a notice that was claimed, judged at the moment of sending."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notify.domain import course, hours
from services.notify.domain.contact import Person, Unreachable, contact
from shared.policies.values import Notice as Rules

PERSON_WAIT: Final = timedelta(minutes=10)
"""So long a notice waits for a person whom the registry does not know yet."""
_LOOK_AGAIN: Final = timedelta(seconds=15)
ASKING: Final = ("consent-requested", "supplement-requested")
"""Templates that ask for something; pointless once a later decision is there."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed notice. `overtaken`: there is a notice about a later version for the same side."""

    template: str
    decided_at: datetime
    created_at: datetime
    overtaken: bool


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
    """Never: the staff must know."""

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
    """Age first, then whether it still matters, then the person, then the hour."""
    if course.too_old(claimed.decided_at, now, rules.max_age_hours):
        return HandOver("too-old")
    if claimed.overtaken and claimed.template.startswith(ASKING):
        return Overtaken()
    number = contact(person, now)
    if isinstance(number, Unreachable):
        if number.reason == "person-unknown" and now - claimed.created_at < PERSON_WAIT:
            return Later(now + _LOOK_AGAIN, number.reason)
        return HandOver(number.reason)
    if medium == "sms" and person is not None and person.no_sms:
        return Skip("no-sms")  # said after the notice was made
    at = hours.next_allowed(now, rules.quiet_hours, rules.call_hours if medium == "call" else ())
    if at is None:
        return HandOver("no-hours")
    return Send(number) if at == now else Later(at, "quiet-hours")
