"""A standing binding under a rule that has changed: judged again by the rules about the pair, and kept, listed or ended.

The rules about the pair: the relation, how far apart the two are insured, and the categories of person that take part. What was proven, chosen
or counted when the binding was made stays as it was.
"""

from __future__ import annotations

from services.eligibility.domain import rules_beneficiary, rules_distance, rules_relation, rules_sponsor
from services.eligibility.domain.binding import Binding
from services.eligibility.domain.inquiry import Inquiry, Rule
from shared.contracts.binding_screenings import Effect
from shared.contracts.reasons import Reason
from shared.policies.values import RegionPolicy

KIND = "rule"
"""Kind of the item that asks to judge a standing binding by a policy that has changed."""

_OF_THE_PAIR: tuple[Rule, ...] = (
    rules_relation.allowed,
    *rules_distance.RULES,
    rules_sponsor.category,
    rules_beneficiary.category,
)
_VALUES = (
    "mode",
    "relations",
    "reach",
    "cross_province_mode",
    "sponsor_insurance",
    "beneficiary_insurance",
    "sponsor_excluded",
    "beneficiary_excluded",
    "on_rule_changed",
)
"""All that the rules about the pair read of a policy, and what follows from them."""
_EFFECTS = {"list": Effect.FLAG, "end": Effect.END}
_VERSIONS = 8
"""Policy versions that are remembered: while replicas of two releases run, each finds the other's version new."""


def judged(binding: Binding, q: Inquiry) -> tuple[Binding, Effect | None, tuple[Reason, ...]]:
    """The binding with the policy that it was now judged by, and what audit has to be told; nothing twice for one change.

    `q`: the binding's own request with policy, day and facts of now.
    """
    policy, now = q.policy, version(q.policy)
    found = tuple(reason for rule in _OF_THE_PAIR for reason in rule(q))
    effect = _EFFECTS.get(policy.binding.on_rule_changed)
    told = tuple(f"{effect}/{reason.code}" for reason in found) if effect else ()
    changes = {"judged_by": now, "rules_told": told}
    if not told or effect is None or told == binding.rules_told or now in binding.told_versions:
        return binding.model_copy(update=changes), None, ()
    changes["told_versions"] = (*binding.told_versions, now)[-_VERSIONS:]
    return binding.model_copy(update=changes), effect, _with_cause(q, effect, found)


def _with_cause(q: Inquiry, effect: Effect, found: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """An end says first that a rule has changed, then which rule says what."""
    if effect is not Effect.END:
        return found
    return (q.why("ended-by-rule", "standing.rule", cites="binding.on_rule_changed"), *found)


def version(policy: RegionPolicy) -> str:
    """Sixteen hexadecimal digits for what the rules about the pair read, with the days from which it holds.

    Of a policy whose texts, fees or deadlines changed they are the same, so that nobody is judged again for nothing.
    """
    return policy.digest(_VALUES)


def unchanged(binding: Binding, policy: RegionPolicy) -> bool:
    """Whether the binding was judged by the very rules of this policy."""
    return binding.judged_by == version(policy)
