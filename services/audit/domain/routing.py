"""Where a screened case goes: decided by the policy alone, to a person, or back for documents."""

from __future__ import annotations

from collections.abc import Collection

from services.audit.domain.model import AUTO
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.binding_screenings import Refused
from shared.policies.values import RegionPolicy

_PROOFS = frozenset({"registry", "commitment"})


def approves_itself(state: BindingState, proven_by: Collection[str], policy: RegionPolicy) -> bool:
    """Whether the region's policy approves at once: proven by the registry or by a commitment that the region accepts as proof.

    A case that a person already had in hand stays with people.
    """
    if policy.review.auto_approve != "when-proven" or state.reviewer not in (None, AUTO):
        return False
    return not _PROOFS.isdisjoint(proven_by)


def documents_to_ask(found: Refused, policy: RegionPolicy) -> tuple[MaterialKind, ...]:
    """What to ask for when nothing but documents is missing; empty for a real refusal.

    Eligibility names them; otherwise it is the shortest list that completes one of the region's choices for the relation.
    """
    if found.supplement or {reason.code for reason in found.reasons} != {"materials-missing"}:
        return found.supplement
    there = {material.kind for material in found.case.materials}
    choices = [sorted(choice - there) for choice in policy.binding.materials.get(found.case.relation, ())]
    return tuple(sorted(choices, key=lambda kinds: len(kinds))[0]) if choices else ()
