"""How much of the traffic each provider gets: shares that move in steps, with rests between them, and come back by themselves.

Two things take traffic away: failures, and slow delivery. Both move a share only, never all of it at once to a neighbour that may
not carry it; nothing is moved when all providers fail or are slow alike, because then the fault is not theirs.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.notify.domain.course import Outcome

FULL: Final = 100
"""The largest weight. Weights count against each other: 60 and 20 are three texts of four and one of four."""

FAILING: Final = 0.1
"""Share of a provider's attempts of the last minute that failed technically or stayed without answer: above it, it is failing."""
ENOUGH: Final = 10
"""So many failures at least before a share means anything."""
SLOW: Final = 0.15
"""Share of what was sent in the last quarter of an hour that took over five minutes to arrive: above it, it is slow."""
_STEP: Final = 10
_REST_AFTER_FAILURE: Final = timedelta(seconds=10)
_REST_AFTER_SLOWNESS: Final = timedelta(minutes=5)
_BACK_AFTER: Final = timedelta(minutes=5)
_BACK_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Share:
    """A provider's share now, where it rests when all is well, and whether an operator holds it where it is."""

    name: str
    weight: int
    resting: int
    held: bool
    changed_at: datetime
    fell_at: datetime | None = None  # when it was last taken down
    up_at: datetime | None = None  # when any process last saw its link stand

    @property
    def closed(self) -> bool:
        """Whether an operator has taken it out, or not let it in yet: it is not asked, whatever becomes of the others."""
        return not self.weight and (self.held or not self.resting)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider did lately: attempts of the last minute and how many failed by its fault; share of slow deliveries, if any."""

    attempts: int = 0
    failures: int = 0
    slow: float = 0.0

    @property
    def failing(self) -> bool:
        """Whether it fails too often."""
        return self.failures >= ENOUGH and self.failures > FAILING * self.attempts


@dataclass(frozen=True, slots=True)
class Change:
    """A share that moves, and why (`failing`, `slow`, `back`)."""

    before: Share
    after: Share
    why: str


_NOT_ITS_FAULT: Final = re.compile(
    r"template|sms_sign|signatureincorrectorunapproved|no-voice", re.IGNORECASE
)
"""In our reason or a provider's code: the template or the signature is refused, or we have nothing to say it with."""


_WITHDRAWN: Final = re.compile(
    r"(sms|tts)_template_illegal|sms_sign\w*_illegal|(template|signature)incorrectorunapproved|templateunapprovedornotexist",
    re.IGNORECASE,
)
"""Clouds' codes for a template or signature that they do not, or no longer, approve, whatever our list of codes says."""


def withdrawn(outcome: Outcome, code: str) -> bool:
    """Whether a provider has said that it sends this template for nobody."""
    return outcome is Outcome.TECHNICAL and _WITHDRAWN.search(code) is not None


def excused(outcome: Outcome, reason: str, code: str, *, up: bool) -> bool:
    """Whether an attempt that did not succeed says nothing about its provider.

    It was throttled; its link is down, and then nothing is given to it anyway; what we gave it cannot be sent.
    """
    if outcome is Outcome.TECHNICAL:
        return not up or _NOT_ITS_FAULT.search(f"{reason} {code}") is not None
    return outcome is Outcome.THROTTLED


def choose(shares: Mapping[str, int], *, avoid: str | None, roll: float) -> str:
    """Whom to ask of those that can be, by weight; not the one to avoid, if there is another. `roll` is in [0, 1).

    When all have lost their weight, anybody is better than nobody. Raises `IndexError` for no provider at all.
    """
    usable = (
        {n: w for n, w in shares.items() if n != avoid and w}
        or {n: w for n, w in shares.items() if w}
        or shares
    )
    candidates = sorted(usable.items())
    total = sum(weight for _, weight in candidates)
    if not total:
        return candidates[int(roll * len(candidates))][0]
    point = roll * total
    for name, weight in candidates:
        point -= weight
        if point < 0:
            return name
    return candidates[-1][0]


def moves(shares: Collection[Share], seen: Mapping[str, Seen], now: datetime) -> list[Change]:
    """Which shares of one medium move now. Pure: called again with the shares it made, it gives nothing until the rest is over."""
    failing = {one.name for one in shares if seen.get(one.name, Seen()).failing}
    slow = {one.name for one in shares if seen.get(one.name, Seen()).slow >= SLOW} - failing
    troubled = failing | slow
    changes: list[Change] = []
    for one in shares:
        if one.held or (one.name in troubled and len(troubled) == len(shares)):
            continue
        if one.name in failing:
            less = one.weight - max(_STEP, one.weight // 2)
            changes += _less(one, less, "failing", _REST_AFTER_FAILURE, now)
        elif one.name in slow:
            changes += _less(one, one.weight - _STEP, "slow", _REST_AFTER_SLOWNESS, now)
        else:
            changes += _back(one, now)
    return changes


def _less(share: Share, weight: int, why: str, rest: timedelta, now: datetime) -> list[Change]:
    if not share.weight or now - share.changed_at < rest:
        return []
    return [Change(share, replace(share, weight=max(0, weight), changed_at=now, fell_at=now), why)]


def _back(share: Share, now: datetime) -> list[Change]:
    """A step towards where it rests, once it was left alone for a while."""
    calm = share.fell_at is None or now - share.fell_at >= _BACK_AFTER
    if share.weight == share.resting or not calm or now - share.changed_at < _BACK_EVERY:
        return []
    step = min(_STEP, abs(share.resting - share.weight))
    weight = share.weight + (step if share.resting > share.weight else -step)
    return [Change(share, replace(share, weight=weight, changed_at=now), "back")]
