"""Ending a binding on request: who may, by which proof, from when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

from services.eligibility.domain import rules_face
from services.eligibility.domain.binding import Binding
from services.eligibility.domain.days import BEIJING
from services.eligibility.domain.inquiry import state_reason
from shared.contracts.binding_requests import ChannelKind, CounterProof, FaceCheck, Side
from shared.contracts.reasons import Reason
from shared.policies.values import RegionPolicy


def objections(
    policy: RegionPolicy,
    keys: Mapping[str, tuple[str, ...]],
    binding: Binding,
    by: Side,
    at: datetime,
    *,
    channel: ChannelKind,
    face: FaceCheck | None,
    face_used: bool,
    counter: CounterProof | None,
) -> Iterator[Reason]:
    """Every reason against ending `binding` at the wish of one side."""
    if not binding.stage.stands:
        yield state_reason(policy, "wrong-state", "ending.state", state=binding.stage.shown)
    if by not in policy.binding.unbind_by:
        yield state_reason(policy, "unbind-not-allowed", "ending.side", cites="binding.unbind_by")
    if channel.in_person:
        if counter is None:
            yield state_reason(policy, "counter-proof-missing", "proof.counter", field="counter")
    elif policy.binding.face_check_on_unbind:
        subject = binding.sponsor if by is Side.SPONSOR else binding.beneficiary
        cites = "binding.face_check_on_unbind"
        yield from rules_face.check(policy, keys, face, subject, at, used=face_used, cites=cites)
    months = policy.binding.min_bound_months
    if months is not None and binding.bound_at and at < _months_later(binding.bound_at, months):
        yield state_reason(
            policy, "unbind-too-early", "ending.min-bound", cites="binding.min_bound_months", months=months
        )


def effective_from(effect: str, at: datetime) -> datetime:
    """From when something takes effect that was decided at `at`: now, or a midnight of Beijing."""
    day = at.astimezone(BEIJING).date()
    if effect == "next-day":
        return _midnight(day + timedelta(days=1))
    if effect == "next-month":
        return _midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1))
    return at


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day so many months later, in Beijing; the last of the month where it has no such day."""
    local = moment.astimezone(BEIJING)
    count = local.year * 12 + local.month - 1 + months
    first = date(count // 12, count % 12 + 1, 1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return _midnight(min(first + timedelta(days=local.day - 1), last))
