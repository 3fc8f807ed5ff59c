"""What happens to a standing binding when the registry says something new about one side."""

from __future__ import annotations

from services.eligibility.domain.binding import Condition
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.domain.person import Person
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import Effect
from shared.contracts.reasons import Reason
from shared.contracts.registry import InsuranceStatus
from shared.policies.values import RegionPolicy, pooling_region

_PATH = {
    Condition.DEAD: "on_death",
    Condition.ENDED: "on_insurance_ended",
    Condition.MOVED: "on_moved",
    Condition.PAUSED: "on_insurance_paused",
}


def condition(policy: RegionPolicy, person: Person, side: Side, home: str | None) -> Condition:
    """What the registry says of one side now. `home`: where it was insured when the binding was made."""
    if person.dead:
        return Condition.DEAD
    binding = policy.binding
    row = person.best(binding.sponsor_insurance if side is Side.SPONSOR else binding.beneficiary_insurance)
    if row is None or row.psn_insu_stas is InsuranceStatus.ENDED:
        return Condition.ENDED
    if home and pooling_region(row.insuplc_admdvs) != pooling_region(home):
        return Condition.MOVED
    return Condition.PAUSED if row.psn_insu_stas is InsuranceStatus.PAUSED else Condition.OK


def consequence(
    policy: RegionPolicy, side: Side, before: Condition, after: Condition
) -> tuple[Effect, tuple[Reason, ...]] | None:
    """What the policy makes of a change, or `None` for nothing."""
    if after is Condition.OK:
        # Not only what came last may have suspended: paused, then moved, then back again. Nothing to resume does no harm.
        suspends = any(getattr(policy.binding, path) == "suspend" for path in _PATH.values())
        return (Effect.RESUME, ()) if suspends and before is not Condition.OK else None
    path = _PATH[after]
    effect = getattr(policy.binding, path)
    if effect == "nothing":
        return None
    code = {Condition.DEAD: "ended-by-death", Condition.PAUSED: _paused(side)}.get(
        after, "ended-by-insurance"
    )
    why = state_reason(
        policy, code, f"standing.{path.replace('_', '-')}", cites=f"binding.{path}", field=side
    )
    return Effect(effect), (why,)


def _paused(side: Side) -> str:
    return "sponsor-not-normal" if side is Side.SPONSOR else "beneficiary-paused"
