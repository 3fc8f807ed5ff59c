"""Past requests under a changed policy: what was recorded, what the present policy says, what the changed one would say.

Each screening is judged by itself, with the facts and the family graph as they were. What happened before it under the old policy is
not played again: a request that the changed policy would have refused still counts in the graph of the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from deploy.policy.blame import Blame, Verdict, under
from services.eligibility.domain.days import day_of
from services.eligibility.domain.screening import screen
from services.eligibility.record import Recorded
from shared.policies import Policies


class Stale(StrEnum):
    """Why the present policy does not say what was said then."""

    OLDER = "older"  # the record was judged by another version of the policy
    UNEXPLAINED = "unexplained"  # same policy, other verdict: rules or facts are not what they were


@dataclass(frozen=True, slots=True)
class Replayed:
    """One screening under three policies: then, now and changed. `keys`: what of the change decides."""

    binding_id: UUID
    round: int
    day: date
    region: str
    then: Verdict
    now: Verdict
    changed: Verdict
    stale: Stale | None
    keys: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return not self.now.same(self.changed)

    @property
    def added(self) -> list[str]:
        return [code for code in self.changed.codes if code not in self.now.codes]

    @property
    def gone(self) -> list[str]:
        return [code for code in self.now.codes if code not in self.changed.codes]

    def row(self) -> dict[str, Any]:
        """Flat values, for JSON and CSV."""
        return {
            "binding_id": str(self.binding_id),
            "round": self.round,
            "date": self.day.isoformat(),
            "region": self.region,
            "recorded": self.then.outcome,
            "before": self.now.outcome,
            "after": self.changed.outcome,
            "reasons_added": " ".join(self.added),
            "reasons_gone": " ".join(self.gone),
            "keys": " ".join(self.keys),
        }


@dataclass(slots=True)
class Replay:
    """Judges recorded screenings under the present and a changed policy."""

    present: Policies
    changed: Policies
    blame: Blame = field(default_factory=Blame)

    def judge(self, recorded: Recorded) -> Replayed:
        """One screening. `NotRebuildable` where the facts are not kept any more."""
        q = recorded.inquiry(self.present)
        then = Verdict(recorded.outcome.value, recorded.codes)
        finding = screen(q, first=recorded.first)
        now = after = Verdict.of(finding)
        other = self.changed.at(recorded.region, recorded.at)
        letter = self._letter(recorded, q.request.commitment)
        keys: tuple[str, ...] = ()
        if letter != q.letter or self.blame.changed(q.policy, other):
            asked = under(q, other, letter)
            after = Verdict.of(screen(asked, first=recorded.first))
            if not now.same(after):
                keys = self.blame.keys(q, now, asked, after, first=recorded.first)
        reasons = Verdict(now.outcome, tuple(r.code for r in finding.reasons))
        older = recorded.policy_version != q.policy.version
        stale = None if reasons.same(then) else Stale.OLDER if older else Stale.UNEXPLAINED
        return Replayed(
            recorded.binding_id, recorded.round, day_of(recorded.at), recorded.region, then, now, after, stale, keys
        )  # fmt: skip

    def _letter(self, recorded: Recorded, commitment: Any) -> Any:
        """The commitment letter that the changed policy had in force when the applicant signed."""
        signed: datetime = commitment.signed_at if commitment else recorded.at
        return self.changed.at(recorded.region, min(signed, recorded.at)).binding.commitment


@dataclass(slots=True)
class Tally:
    """What a replay found. `differing` keeps every one that differs."""

    screenings: int = 0
    requests: set[UUID] = field(default_factory=set)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  # "+code" and "-code"
    keys: Counter[str] = field(default_factory=Counter)
    regions: Counter[str] = field(default_factory=Counter)
    stale: Counter[Stale] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    differing: list[Replayed] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # keys of which the two policies have two values here

    def miss(self, gap: str) -> None:
        """A screening that could not be asked again."""
        self.gaps[gap] += 1

    def add(self, one: Replayed) -> None:
        """Counts a screening."""
        self.screenings += 1
        self.requests.add(one.binding_id)
        if one.stale:
            self.stale[one.stale] += 1
        if one.differs:
            self.differing.append(one)
            self.outcomes[one.now.outcome, one.changed.outcome] += 1
            self.regions[one.region] += 1
            self.reasons.update([*(f"+{c}" for c in one.added), *(f"-{c}" for c in one.gone)])
            self.keys.update(one.keys)

    @property
    def same(self) -> int:
        return self.screenings - len(self.differing)

    def json(self) -> dict[str, Any]:
        """The same for scripts."""
        moves = [{"before": a, "after": b, "count": n} for (a, b), n in self.outcomes.most_common()]
        counted = {
            name: dict(getattr(self, name).most_common())
            for name in ("reasons", "keys", "regions", "stale", "gaps")
        }
        return {"changed_keys": self.changed, "screenings": self.screenings, "requests": len(self.requests), "same": self.same, "differing": len(self.differing),
                "outcomes": moves, **counted, "screenings_that_differ": list(self.rows())}  # fmt: skip

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every differing screening, flat."""
        return (one.row() for one in self.differing)
