"""The course of a notice: created → sending → pending → delivered, or on to the next medium, or handed to staff.

An *attempt* is one text submitted or one call placed. Final states never move. Nothing is sent twice because of doubt: an
attempt whose outcome is unknown is waited for like one that was accepted, and then another medium is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol


class State(StrEnum):
    """States of notices (first five; `expired`: overtaken by a later decision) and of attempts (all but CREATED, HANDED)."""

    CREATED = "created"  # waits for its turn: new, between two attempts, or for the hour
    SENDING = "sending"  # claimed: a provider is being asked
    PENDING = "pending"  # the provider has it; a receipt is awaited
    DELIVERED = "delivered"
    HANDED = "handed-to-staff"
    PERMANENT = "permanent-failure"  # this medium will never reach this number
    TEMPORARY = "temporary-failure"  # not now
    TECHNICAL = "technical-failure"  # ours or the provider's; nothing was sent
    UNKNOWN = "unknown"  # it may have been sent
    EXPIRED = "expired"  # accepted, and then silence

    @property
    def final(self) -> bool:
        """Whether a notice in this state never moves again."""
        return self in (State.DELIVERED, State.HANDED, State.EXPIRED)


class Outcome(StrEnum):
    """What an attempt came to."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    THROTTLED = "throttled"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"
    SILENCE = "silence"


ATTEMPT_STATE: Final[dict[Outcome, State]] = {
    Outcome.ACCEPTED: State.PENDING,
    Outcome.DELIVERED: State.DELIVERED,
    Outcome.PERMANENT: State.PERMANENT,
    Outcome.TEMPORARY: State.TEMPORARY,
    Outcome.THROTTLED: State.TECHNICAL,
    Outcome.TECHNICAL: State.TECHNICAL,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.SILENCE: State.EXPIRED,
}


class Rules(Protocol):
    """The part of the region's notice policy that the course needs. Seconds and counts."""

    @property
    def receipt_wait(self) -> int: ...
    @property
    def call_retry(self) -> int: ...
    @property
    def call_attempts(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a notice stands: its media in order, which one is in use, how often it was tried and how often it was put off."""

    media: tuple[str, ...]
    step: int = 0
    tries: int = 0  # attempts with the present medium that reached a provider
    put_off: int = 0  # attempts with the present medium that did not

    @property
    def medium(self) -> str | None:
        """The medium in use; None when all are used up."""
        return self.media[self.step] if self.step < len(self.media) else None


@dataclass(frozen=True, slots=True)
class Next:
    """What follows: the notice's new state, its progress, and when to look again (None in a final state)."""

    state: State
    progress: Progress
    at: datetime | None
    reason: str | None = None


_PUT_OFF_LIMIT: Final = 6  # then the medium is given up
_PUT_OFF_FIRST: Final = 5  # seconds; doubles
_PUT_OFF_LONGEST: Final = 300


def plan(media: tuple[str, ...], *, no_sms: bool) -> tuple[str, ...]:
    """The media to use in order: what the policy says, without texts for who wants none. The message centre has no course."""
    return tuple(m for m in media if m in ("sms", "call") and not (no_sms and m == "sms"))


def after(progress: Progress, outcome: Outcome, reason: str, now: datetime, rules: Rules) -> Next:
    """What follows an attempt's outcome. Pure: the same arguments give the same answer."""
    if outcome is Outcome.DELIVERED:
        return Next(State.DELIVERED, progress, None)
    if outcome is Outcome.ACCEPTED or (outcome is Outcome.UNKNOWN and progress.medium == "sms"):
        tried = _tried(progress)
        return Next(State.PENDING, tried, now + timedelta(seconds=rules.receipt_wait))
    if outcome in (Outcome.THROTTLED, Outcome.TECHNICAL):
        return _put_off(progress, reason, now)
    if outcome is Outcome.SILENCE:
        return next_medium(progress, reason, now)
    tried = _tried(progress)
    again = (
        progress.medium == "call" and outcome is not Outcome.PERMANENT and tried.tries < rules.call_attempts
    )
    if again:
        return Next(State.CREATED, tried, now + timedelta(seconds=rules.call_retry), reason)
    return next_medium(tried, reason, now)


def next_medium(progress: Progress, reason: str, now: datetime) -> Next:
    """On to the next medium at once, or to the staff when there is none."""
    moved = Progress(progress.media, progress.step + 1)
    if moved.medium is None:
        return Next(State.HANDED, progress, None, reason)
    return Next(State.CREATED, moved, now, reason)


def _tried(progress: Progress) -> Progress:
    return Progress(progress.media, progress.step, progress.tries + 1, 0)


def _put_off(progress: Progress, reason: str, now: datetime) -> Next:
    """Nothing reached the person: the same medium again, later each time.

    After some tries the next medium; the last medium is tried until the decision is too old, so an outage loses nothing.
    """
    if progress.put_off + 1 >= _PUT_OFF_LIMIT and progress.step + 1 < len(progress.media):
        return next_medium(progress, reason, now)
    later = Progress(progress.media, progress.step, progress.tries, progress.put_off + 1)
    wait = min(_PUT_OFF_FIRST * 2 ** min(progress.put_off, 16), _PUT_OFF_LONGEST)
    return Next(State.CREATED, later, now + timedelta(seconds=wait), reason)


def of_parts(fates: Sequence[str | None], parts: int) -> Outcome | None:
    """What the receipts of a text's parts say together; None while some are missing. One part lost is the text lost."""
    if "permanent" in fates:
        return Outcome.PERMANENT
    if "temporary" in fates:
        return Outcome.TEMPORARY
    return Outcome.DELIVERED if parts and fates.count("delivered") >= parts else None


def too_old(decided_at: datetime, now: datetime, max_age_hours: int) -> bool:
    """Whether a decision is too old to be announced: it goes to the staff instead."""
    return now - decided_at > timedelta(hours=max_age_hours)
