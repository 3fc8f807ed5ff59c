"""Whether a screened case is approved by the policy alone or goes to a person."""

from __future__ import annotations

from collections.abc import Collection

from services.audit.domain.model import AUTO
from shared.contracts.binding_decisions import BindingState
from shared.policies.values import RegionPolicy

_PROOFS = frozenset({"registry", "commitment"})


def approves_itself(state: BindingState, proven_by: Collection[str], policy: RegionPolicy) -> bool:
    """Whether the region's policy approves at once: proven by the registry or by a commitment that the region accepts as proof.

    A case that a person already had in hand stays with people.
    """
    if policy.review.auto_approve != "when-proven" or state.reviewer not in (None, AUTO):
        return False
    return not _PROOFS.isdisjoint(proven_by)
