"""What happens to a standing binding when the registry says something new about one side."""

from __future__ import annotations

from services.eligibility.domain.binding import Condition, Standing
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.domain.person import Person, of_category
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import Effect
from shared.contracts.reasons import Reason
from shared.contracts.registry import InsuranceStatus
from shared.policies.values import RegionPolicy, pooling_region

_PATH = {
    Condition.DEAD: "on_death",
    Condition.ENDED: "on_insurance_ended",
    Condition.MOVED: "on_moved",
    Condition.CATEGORY: "on_category",
    Condition.PAUSED: "on_insurance_paused",
}
_ENDED = {
    Condition.DEAD: "ended-by-death",
    Condition.ENDED: "ended-by-insurance",
    Condition.MOVED: "ended-by-insurance",
    Condition.CATEGORY: "ended-by-category",
}
"""What is said where the binding ends; otherwise what is wrong is said, by side."""
_WRONG = {
    Condition.DEAD: ("sponsor-deceased", "beneficiary-deceased"),
    Condition.ENDED: ("sponsor-not-employee", "beneficiary-not-insured"),
    Condition.MOVED: ("insured-elsewhere", "insured-elsewhere"),
    Condition.CATEGORY: ("sponsor-category-excluded", "beneficiary-category-excluded"),
    Condition.PAUSED: ("sponsor-not-normal", "beneficiary-paused"),
}


def conditions(policy: RegionPolicy, person: Person, side: Side, home: str | None) -> tuple[Condition, ...]:
    """All that is out of order with one side now. `home`: where it was insured when the binding was made.

    Nobody who died or is not insured any more is also paused, moved or of some category.
    """
    if person.dead:
        return (Condition.DEAD,)
    binding, sponsor = policy.binding, side is Side.SPONSOR
    row = person.best(binding.sponsor_insurance if sponsor else binding.beneficiary_insurance)
    if row is None or row.psn_insu_stas is InsuranceStatus.ENDED:
        return (Condition.ENDED,)
    moved = home is not None and pooling_region(row.insuplc_admdvs) != pooling_region(home)
    excluded = of_category(row, binding.sponsor_excluded if sponsor else binding.beneficiary_excluded)
    paused = row.psn_insu_stas is InsuranceStatus.PAUSED
    found = ((Condition.MOVED, moved), (Condition.CATEGORY, excluded), (Condition.PAUSED, paused))
    return tuple(condition for condition, holds in found if holds)


Said = list[tuple[Effect, tuple[Reason, ...]]]


def consequences(
    policy: RegionPolicy, side: Side, before: Standing, now: tuple[Condition, ...]
) -> tuple[Standing, Said]:
    """The side as it stands now, and what the policy makes of what is new: an end and nothing else, or a suspension and flags.

    A suspension goes when nothing is left that suspends; conditions that come and go one over the other lose none.
    """
    new: dict[Effect, list[Reason]] = {}
    for condition in now:
        effect = getattr(policy.binding, _PATH[condition])
        if condition not in before.conditions and effect != "nothing":
            new.setdefault(Effect(effect), []).append(_why(policy, side, condition, effect))
    if Effect.END in new:
        new = {Effect.END: new[Effect.END]}
    elif before.suspended and not any(_suspends(policy, c) for c in now):
        new[Effect.RESUME] = []
    suspended = (before.suspended or Effect.SUSPEND in new) and Effect.RESUME not in new
    said = [(effect, tuple(reasons)) for effect, reasons in new.items()]
    return Standing(conditions=now, suspended=suspended), said


def _suspends(policy: RegionPolicy, condition: Condition) -> bool:
    return bool(getattr(policy.binding, _PATH[condition]) == "suspend")


def _why(policy: RegionPolicy, side: Side, condition: Condition, effect: str) -> Reason:
    path = _PATH[condition]
    wrong = _WRONG[condition][side is Side.BENEFICIARY]
    code = _ENDED.get(condition, wrong) if effect == "end" else wrong
    return state_reason(
        policy, code, f"standing.{path.replace('_', '-')}", cites=f"binding.{path}", field=side
    )
