"""When a decision begins to hold, and the edges of Beijing days: one rule for all services.

All policy dates are dates of Beijing (one offset, no summer time since 1991). Points in time are given in UTC, as every message writes them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from shared.clock import BEIJING
from shared.contracts.binding_requests import ChannelKind
from shared.policies.types import Effect
from shared.policies.values import Binding

_DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """The instant at which a Beijing day begins (0:00), in UTC. It is 24:00 of the day before."""
    return datetime.combine(day, time(), BEIJING).astimezone(UTC)


def takes_effect(moment: datetime, effect: Effect) -> datetime:
    """When something decided at `moment` begins to hold: `now`, or the Beijing midnight before the next day or month."""
    if effect == "now":
        return moment
    day = moment.astimezone(BEIJING).date()
    if effect == "next-day":
        return midnight(day + _DAY)
    return midnight((day.replace(day=1) + 32 * _DAY).replace(day=1))


def months_later(moment: datetime, months: int) -> datetime:
    """The Beijing midnight with which the same day so many months later begins; of the last day where the month has no such day.

    31 January and one month give 28 or 29 February, 29 February and twelve months give 28 February: a term in months ends on the day of the
    last month that corresponds to its first day, or on that month's last day if there is none (民法典 §202).
    """
    day = moment.astimezone(BEIJING).date()
    count = day.year * 12 + day.month - 1 + months
    first = date(count // 12, count % 12 + 1, 1)
    last = (first + 32 * _DAY).replace(day=1) - _DAY
    return midnight(min(first + (day.day - 1) * _DAY, last))


def effect_of_binding(policy: Binding, channel: ChannelKind) -> Effect:
    """When an approval takes effect, by the channel of its request."""
    return policy.effect_by_channel.get(channel, policy.effect)


def effect_of_unbinding(policy: Binding, channel: ChannelKind) -> Effect:
    """When an end that somebody asked for takes effect, by the channel in which it was asked for."""
    return policy.unbind_effect_by_channel.get(channel, policy.unbind_effect)
