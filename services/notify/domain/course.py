"""The course of a notice: created → sending → pending → delivered, or on to the next medium, or handed to staff.

An *attempt* is one text submitted or one call placed. Final states never move. Nothing is sent twice because of doubt: who may
have it already is asked for (the provider is looked up), and only when the medium's time is over another medium is used.

Three clocks: the provider's (`provider_wait`: then it is asked), the medium's (`receipt_wait`, for calls `call_retry`) and the
message's (`max_age_hours`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol


class State(StrEnum):
    """States of notices and of attempts (attempts: all but CREATED, HANDED)."""

    CREATED = "created"  # waits for its turn: new, between two attempts, or for the hour
    SENDING = "sending"  # claimed: a provider is being asked
    PENDING = "pending"  # the provider has it, or the message centre; a receipt is awaited
    UNKNOWN = "unknown"  # it may have been sent: the provider is asked before anything else is done
    DELIVERED = "delivered"
    HANDED = "handed-to-staff"
    PERMANENT = "permanent-failure"  # this medium will never reach this number
    TEMPORARY = "temporary-failure"  # not now
    TECHNICAL = "technical-failure"  # ours or the provider's; nothing was sent
    EXPIRED = "expired"  # of an attempt: accepted, and then silence; of a notice: not worth telling any more

    @property
    def final(self) -> bool:
        """Whether a notice in this state never moves again."""
        return self not in _OPEN


_OPEN: Final = frozenset({State.CREATED, State.SENDING, State.PENDING, State.UNKNOWN})


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
    def provider_wait(self) -> int: ...
    @property
    def outage_wait(self) -> int: ...
    @property
    def receipt_wait(self) -> int: ...
    @property
    def call_retry(self) -> int: ...
    @property
    def call_attempts(self) -> int: ...
    @property
    def hint_tells(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a notice stands: its media in order, which one is in use, how often it was tried and how often it was put off."""

    media: tuple[str, ...]
    step: int = 0
    tries: int = 0  # attempts with the present medium that reached a provider
    put_off: int = 0  # attempts with the present medium that did not
    until: datetime | None = (
        None  # the medium's clock: so long an attempt that may have arrived is waited for
    )

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


_PUT_OFF_FIRST: Final = 5  # seconds; doubles
_PUT_OFF_LONGEST: Final = 300


def plan(media: tuple[str, ...], *, no_sms: bool) -> tuple[str, ...]:
    """The media to use in order: what the policy says, without texts for who wants none. The message centre has no course."""
    return tuple(m for m in media if m in ("sms", "call") and not (no_sms and m == "sms"))


def after(progress: Progress, outcome: Outcome, reason: str, now: datetime, rules: Rules) -> Next:
    """What follows an attempt's outcome. Pure: the same arguments give the same answer."""
    if outcome is Outcome.DELIVERED:
        return Next(State.DELIVERED, progress, None)
    if outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
        return _wait(_tried(progress), outcome, now, rules)
    if outcome in (Outcome.THROTTLED, Outcome.TECHNICAL):
        return _put_off(progress, reason, now, rules)
    if outcome is Outcome.SILENCE:
        return silent(progress, State.PENDING, reason, now, rules)
    return _failed(_tried(progress), outcome, reason, now, rules)


def looked_up(progress: Progress, outcome: Outcome, reason: str, now: datetime, rules: Rules) -> Next:
    """What follows when a provider is asked about an attempt that was counted already.

    It has it: waited for. It never took it (technical, throttled): sent again. It does not know: waited for until the medium's time is over.
    """
    if outcome is Outcome.DELIVERED:
        return Next(State.DELIVERED, progress, None)
    if outcome in (Outcome.UNKNOWN, Outcome.SILENCE):
        return silent(progress, State.UNKNOWN, reason, now, rules)
    if outcome is Outcome.ACCEPTED:
        until = progress.until or _until(progress, now, rules)
        return silent(replace(progress, until=until), State.PENDING, reason, now, rules)
    if outcome in (Outcome.THROTTLED, Outcome.TECHNICAL):
        untried = replace(progress, tries=max(0, progress.tries - 1), until=None)
        return _put_off(untried, reason, now, rules)
    return _failed(progress, outcome, reason, now, rules)


def silent(progress: Progress, state: State, reason: str, now: datetime, rules: Rules) -> Next:
    """Nothing was heard: waited for in `state` until the medium's time is over, then a call is repeated and a text given up."""
    if progress.until is not None and now < progress.until:
        return Next(state, progress, progress.until)
    if progress.medium == "call" and progress.tries < rules.call_attempts:
        return Next(State.CREATED, replace(progress, until=None), now, reason)
    return next_medium(progress, reason, now)


def next_medium(progress: Progress, reason: str, now: datetime) -> Next:
    """On to the next medium at once, or to the staff when there is none."""
    moved = Progress(progress.media, progress.step + 1)
    if moved.medium is None:
        return Next(State.HANDED, progress, None, reason)
    return Next(State.CREATED, moved, now, reason)


def ended(following: Next, outcome: Outcome | None, *, overtaken: bool, optional: bool) -> Next:
    """The end of a course that nobody takes further.

    Who was overtaken by a later decision is not tried again. What nobody has to be told is no work for the staff: it ends as its
    last attempt did, without one as `expired`.
    """
    going_on = following.state is State.CREATED
    if overtaken and (going_on or following.state is State.HANDED):
        return Next(State.EXPIRED, following.progress, None, "overtaken")
    if optional and following.state is State.HANDED:
        state = State.EXPIRED if outcome is None else ATTEMPT_STATE[outcome]
        last = state if state.final else State.EXPIRED
        return Next(last, following.progress, None, following.reason)
    return following


def _tried(progress: Progress) -> Progress:
    return replace(progress, tries=progress.tries + 1, put_off=0)


def _wait(progress: Progress, outcome: Outcome, now: datetime, rules: Rules) -> Next:
    """It may arrive, or have arrived: first the provider is asked, then the medium's time runs out."""
    until = _until(progress, now, rules)
    state = State.PENDING if outcome is Outcome.ACCEPTED else State.UNKNOWN
    ask = min(now + timedelta(seconds=rules.provider_wait), until)
    return Next(state, replace(progress, until=until), ask)


def _until(progress: Progress, now: datetime, rules: Rules) -> datetime:
    """The medium's clock."""
    return now + timedelta(seconds=rules.receipt_wait if progress.medium == "sms" else rules.call_retry)


def _failed(progress: Progress, outcome: Outcome, reason: str, now: datetime, rules: Rules) -> Next:
    """It did not arrive: a call may be repeated."""
    again = outcome is not Outcome.PERMANENT and progress.tries < rules.call_attempts
    if progress.medium == "call" and again:
        later = now + timedelta(seconds=rules.call_retry)
        return Next(State.CREATED, replace(progress, until=None), later, reason)
    return next_medium(progress, reason, now)


def _put_off(progress: Progress, reason: str, now: datetime, rules: Rules) -> Next:
    """Nothing reached the person: the same medium again, later each time.

    Once it has waited for as long as an outage may last, the next medium; the last one is tried until the decision is too old, so an
    outage loses nothing.
    """
    waits = [_put_off_for(n) for n in range(progress.put_off + 1)]
    if sum(waits[:-1]) >= rules.outage_wait and progress.step + 1 < len(progress.media):
        return next_medium(progress, reason, now)
    later = replace(progress, put_off=progress.put_off + 1)
    return Next(State.CREATED, later, now + timedelta(seconds=waits[-1]), reason)


def _put_off_for(times: int) -> int:
    """Seconds until the next attempt of what was put off so often."""
    return min(_PUT_OFF_FIRST << min(times, 16), _PUT_OFF_LONGEST)


def of_parts(fates: Sequence[str | None], parts: int, *, hint_tells: bool = False) -> Outcome | None:
    """What the receipts of an attempt's parts say together; None while some are missing. One part lost is the text lost.

    A call that only asked to ring the hotline has told if `hint_tells`; else this medium has done what it can.
    """
    for failed in (Outcome.PERMANENT, Outcome.TEMPORARY, Outcome.TECHNICAL, Outcome.THROTTLED):
        if failed in fates:
            return failed
    if "hinted" in fates and not hint_tells:
        return Outcome.PERMANENT
    arrived = fates.count("delivered") + fates.count("hinted")
    return Outcome.DELIVERED if parts and arrived >= parts else None


def reported(fates: Sequence[str | None], parts: int, rules: Rules) -> Outcome | None:
    """What the receipts of an attempt's parts say together where these rules hold."""
    return of_parts(fates, parts, hint_tells=rules.hint_tells)


def too_old(decided_at: datetime, now: datetime, max_age_hours: int) -> bool:
    """Whether a decision is too old to be announced: it goes to the staff instead."""
    return now - decided_at > timedelta(hours=max_age_hours)
