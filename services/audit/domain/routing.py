"""Where a screened case goes: decided by the policy alone, or to a person, or to two."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from services.audit.domain.model import AUTO, Outcome, Sample
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_screenings import Passed
from shared.policies.values import RegionPolicy

_PROOFS = frozenset({"registry", "commitment"})


def approves_itself(state: BindingState, found: Passed, policy: RegionPolicy) -> bool:
    """Whether the region's policy approves at once: proven by the registry or by a commitment that the region accepts as proof.

    A case that a person already had in hand, that is marked for a person (by eligibility, or beside other cases) or that two have to
    approve stays with people.
    """
    if policy.review.auto_approve != "when-proven" or found.marks or state.reviewer not in (None, AUTO):
        return False
    return not _PROOFS.isdisjoint(found.proven_by) and not two_look(found, policy)


def two_look(found: Passed, policy: RegionPolicy) -> bool:
    """Whether two persons have to approve the case."""
    rules = policy.review.second_eyes
    if not rules:
        return False
    case, proven = found.case, "registry" in found.proven_by
    kinds = {one.kind for one in case.materials}
    return any(
        rule.concerns(case.relation, case.channel, found.marks, kinds, proven=proven) for rule in rules
    )


def sampled(outcome: Outcome, policy: RegionPolicy) -> Outcome:
    """An approval, chosen or not for a second look by another person: always the same for one binding, whoever works it out."""
    file = outcome.file
    approved = any(step.type == "approved" for step in outcome.steps)
    if file is None or not approved or not chosen(file.state.binding_id, policy.review.sample_per_mille):
        return outcome
    return replace(outcome, file=replace(file, sample=Sample(file.state.reviewer or AUTO)))


def chosen(binding_id: UUID, per_mille: int) -> bool:
    """Whether a binding is among so many of a thousand."""
    return int.from_bytes(sha256(binding_id.bytes).digest()[:8]) % 1000 < per_mille
