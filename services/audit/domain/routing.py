"""Where a screened case goes: decided by the policy alone, or to a person."""

from __future__ import annotations

from services.audit.domain.model import AUTO
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_screenings import Passed
from shared.policies.values import RegionPolicy

_PROOFS = frozenset({"registry", "commitment"})


def approves_itself(state: BindingState, found: Passed, policy: RegionPolicy) -> bool:
    """Whether the region's policy approves at once: proven by the registry or by a commitment that the region accepts as proof.

    A case that a person already had in hand, or that eligibility marked for a person, stays with people.
    """
    if policy.review.auto_approve != "when-proven" or found.marks or state.reviewer not in (None, AUTO):
        return False
    return not _PROOFS.isdisjoint(found.proven_by)
