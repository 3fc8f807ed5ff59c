"""All rules over one request: every reason at once, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.eligibility.domain import (
    rules_beneficiary,
    rules_face,
    rules_family,
    rules_identity,
    rules_proof,
    rules_region,
    rules_relation,
    rules_sponsor,
    rules_terms,
)
from services.eligibility.domain.inquiry import Inquiry, Rule
from shared.contracts.binding_screenings import Fact
from shared.contracts.identity import age_on
from shared.contracts.reasons import Reason

FIRST_ROUND: tuple[Rule, ...] = (
    *rules_region.RULES,
    *rules_identity.RULES,
    *rules_sponsor.RULES,
    *rules_beneficiary.RULES,
    *rules_relation.RULES,
    *rules_family.RULES,
    *rules_terms.RULES,
    *rules_proof.RULES,
    *rules_face.RULES,
)
LATER_ROUNDS: tuple[Rule, ...] = tuple(r for r in FIRST_ROUND if r not in rules_face.RULES)
"""A face check is judged once, when it is given: it would be stale by the time the documents arrive."""

_UNKNOWN = frozenset({"sponsor-unknown", "beneficiary-not-confirmed"})
_CURABLE = frozenset({"materials-missing"})


class Outcome(StrEnum):
    PASSED = "passed"
    CONSENT_NEEDED = "consent-needed"
    SUPPLEMENT = "supplement"  # refused for missing documents only
    REFUSED = "refused"

    @property
    def holds_slot(self) -> bool:
        """Whether the slot is reserved until a final decision."""
        return self is not Outcome.REFUSED


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules say. `unknown_person`: the only reasons are that the registry does not know somebody (yet)."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    proven_by: tuple[str, ...]
    facts: tuple[Fact, ...]
    unknown_person: bool


def screen(q: Inquiry, *, first: bool = True) -> Finding:
    """Every rule over one request. The same values give the same finding, whatever the hour."""
    found = [reason for rule in (FIRST_ROUND if first else LATER_ROUNDS) for reason in rule(q)]
    codes = {reason.code for reason in found}
    proven = rules_relation.proven(q)
    people = [p.facts for p in (q.known_sponsor, q.confirmed) if p]
    facts = tuple(f for side in people for f in side)
    if proven and q.relation:
        pair = "|".join(sorted((q.relation.psn_no, q.relation.other_psn_no)))
        facts += (Fact(kind="relation", key=pair, version=q.relation.version),)
    papers = not proven and not rules_proof.unmet(q) and bool(q.materials)
    proofs = ("registry",) * proven + ("materials",) * papers
    return Finding(
        _outcome(q, codes),
        tuple(found),
        proofs,
        facts,
        bool(codes) and codes <= _UNKNOWN,
    )


def _outcome(q: Inquiry, codes: set[str]) -> Outcome:
    if codes:
        return Outcome.SUPPLEMENT if codes <= _CURABLE else Outcome.REFUSED
    return Outcome.CONSENT_NEEDED if consent_missing(q) else Outcome.PASSED


def consent_missing(q: Inquiry) -> bool:
    """Whether the beneficiary must consent and has not: from an age on, by full years on the request's date.

    Who stands at the counter with the sponsor consents there.
    """
    limit, person = q.policy.binding.consent_from_age, q.confirmed
    if limit is None or person is None or age_on(person.born, q.day) < limit:
        return False
    present = (
        q.request.channel.in_person
        and q.request.counter is not None
        and q.request.counter.beneficiary_present
    )
    return not (present or q.consented)
