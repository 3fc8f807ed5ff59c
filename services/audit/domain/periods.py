"""The periods of an approved binding: when it counts, when it is suspended, and when that next changes by itself.

The state of an approved binding is a function of its periods and the time, so that an end or a suspension announced for
later needs no second decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.contracts.binding_decisions import BindingState, Period, State
from shared.contracts.binding_requests import Terms
from shared.policies.moments import midnight, takes_effect
from shared.policies.types import Effect

_DAY = timedelta(days=1)


def standing(state: BindingState, at: datetime) -> State:
    """What an approved binding is at a time: approved (its dates may still lie ahead), suspended or ended."""
    if all(p.end is not None and (p.end <= at or p.end <= p.begin) for p in state.effective):
        return State.ENDED
    if any(p.begin <= at and (p.end is None or at < p.end) for p in state.suspended):
        return State.SUSPENDED
    return State.APPROVED


def next_turn(state: BindingState) -> datetime | None:
    """When the periods next change the state without anybody asking; `None` if never."""
    edges = {
        edge
        for p in (*state.effective, *state.suspended)
        for edge in (p.begin, p.end)
        if edge and edge > state.at
    }
    return next((edge for edge in sorted(edges) if standing(state, edge) is not state.state), None)


def first_period(terms: Terms, approved_at: datetime, effect: Effect) -> Period:
    """The effective period of an approval: from when the region lets it count, within the dates that the sponsor chose.

    `begndate` counts from its midnight and `enddate` until its 24:00, Beijing time. A period that is over before it
    begins is empty.
    """
    begin = takes_effect(approved_at, effect)
    if terms.begndate:
        begin = max(begin, midnight(terms.begndate))
    return _period(begin, last_moment(terms))


def last_moment(terms: Terms) -> datetime | None:
    """24:00 Beijing time of the chosen last day; `None` without one, and for 9999-12-31, which many systems write for "no end"."""
    return midnight(terms.enddate + _DAY) if terms.enddate and terms.enddate < date.max else None


def ended(effective: Sequence[Period], moment: datetime) -> tuple[Period, ...]:
    """The periods cut at `moment`; an earlier end stays. One empty period remains where nothing had counted yet."""
    cut = [_period(p.begin, moment if p.end is None else min(p.end, moment)) for p in effective]
    return tuple(p for p in cut if p.begin != p.end) or tuple(cut[:1])


def redated(
    effective: Sequence[Period],
    terms: Terms,
    at: datetime,
    limit: datetime | None,
    effect: Effect,
    *,
    begins: bool = True,
) -> tuple[Period, ...]:
    """The periods after the sponsor chose new dates at `at`; `limit` is an end that was announced before and stays.

    `begins`: whether the first day is another one; if it is not, only the end moves. What has yet to count is brought forward no further than the
    region's `effect` lets something decided at `at` count, and is not put off by it either.
    What has counted already is history: a later first day closes the running period now and opens another one.
    """
    ends = [end for end in (last_moment(terms), limit) if end is not None]
    end = min(ends, default=None)
    *past, last = effective
    chosen = midnight(terms.begndate) if terms.begndate else at
    if not begins:
        return (*past, _period(last.begin, end))
    if last.begin > at:
        soonest = min(last.begin, takes_effect(at, effect))
        return (*past, _period(max(chosen, soonest), end))
    if chosen > at:
        return (*past, _period(last.begin, at), _period(chosen, end))
    return (*past, _period(last.begin, end))


def suspend(
    periods: Sequence[Period], by: str, begin: datetime, end: datetime | None = None
) -> tuple[Period, ...] | None:
    """With a suspension by `by`, open or until `end`; `None` if one by the same says as much already."""
    own = [p for p in periods if p.by == by]
    if any(p.end is None for p in own) or any(_within(begin, end, p) for p in own):
        return None
    return (*periods, Period(begin=begin, end=end, by=by))


def resume(periods: Sequence[Period], by: str, end: datetime, now: datetime) -> tuple[Period, ...] | None:
    """With the suspensions by `by` closed that last at `now` or are to come; `None` if there is none. What is over stays as it was."""
    lasting = [p for p in periods if p.by == by and (p.end is None or p.end > max(now, end, p.begin))]
    if not lasting:
        return None
    return tuple(p.model_copy(update={"end": max(end, p.begin)}) if p in lasting else p for p in periods)


def _within(begin: datetime, end: datetime | None, held: Period) -> bool:
    return end is not None and held.begin <= begin and (held.end is None or end <= held.end)


def _period(begin: datetime, end: datetime | None) -> Period:
    return Period(begin=begin, end=None if end is None else max(begin, end))
