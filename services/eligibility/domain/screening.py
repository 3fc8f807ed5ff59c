"""All rules over one request: every reason at once, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.eligibility.domain import (
    rules_beneficiary,
    rules_distance,
    rules_face,
    rules_family,
    rules_identity,
    rules_proof,
    rules_region,
    rules_relation,
    rules_sponsor,
    rules_terms,
)
from services.eligibility.domain.asked import asked
from services.eligibility.domain.inquiry import Inquiry, Rule
from services.eligibility.domain.person import Person
from services.eligibility.domain.remedies import counter_first
from services.eligibility.domain.rules_marks import marks
from shared.contracts.binding_screenings import Fact
from shared.contracts.identity import age_on
from shared.contracts.reasons import Reason

FIRST_ROUND: tuple[Rule, ...] = (
    *rules_region.RULES,
    *rules_identity.RULES,
    *rules_sponsor.RULES,
    *rules_beneficiary.RULES,
    *rules_distance.RULES,
    *rules_relation.RULES,
    *rules_family.RULES,
    *rules_terms.RULES,
    *rules_proof.RULES,
    *rules_face.RULES,
)
LATER_ROUNDS: tuple[Rule, ...] = tuple(r for r in FIRST_ROUND if r not in rules_face.RULES)
"""A face check is judged once, when it is given: it would be stale by the time the documents arrive."""

_UNKNOWN = frozenset({"sponsor-unknown", "beneficiary-not-confirmed"})
_CURABLE = frozenset({"materials-missing", "use-proof-missing", "kin-account-only"})


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
    """What the rules say. `unknown_person`: the only reasons are that the registry does not know somebody (yet).

    `marks`: codes of what is odd without being refused. `facts`: every registry record that was used; none of a relative who is not
    confirmed, whose number is nobody's business.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    proven_by: tuple[str, ...]
    facts: tuple[Fact, ...]
    unknown_person: bool
    marks: tuple[str, ...] = ()


def screen(q: Inquiry, *, first: bool = True) -> Finding:
    """Every rule over one request. The same values give the same finding, whatever the hour."""
    rules = asked(q.policy.binding, FIRST_ROUND if first else LATER_ROUNDS)
    found = [reason for rule in rules for reason in rule(q)]
    codes = {reason.code for reason in found}
    return Finding(
        _outcome(q, codes),
        tuple(counter_first(q, found)) if found else (),
        _proven_by(q),
        _facts(q),
        bool(codes) and codes <= _UNKNOWN,
        marks(q),
    )


def _proven_by(q: Inquiry) -> tuple[str, ...]:
    if rules_relation.proven(q):
        return ("registry",)
    return ("materials",) if rules_proof.proves(q) else ()


def _facts(q: Inquiry) -> tuple[Fact, ...]:
    facts = [fact for person in (q.sponsor, q.confirmed) if person for fact in person.facts]
    if q.relation and q.known_sponsor and q.confirmed:
        pair = "|".join(sorted((q.relation.psn_no, q.relation.other_psn_no)))
        facts.append(Fact(kind="relation", key=pair, version=q.relation.version))
    return tuple(facts)


def _outcome(q: Inquiry, codes: set[str]) -> Outcome:
    if codes:
        return Outcome.SUPPLEMENT if codes <= _CURABLE else Outcome.REFUSED
    return Outcome.CONSENT_NEEDED if consent_missing(q) else Outcome.PASSED


def _consent_asked(q: Inquiry, person: Person) -> bool:
    """By relation, channel and, from an age on, full years on the request's date; across provinces of everybody of that age."""
    binding, request = q.policy.binding, q.request
    across = binding.consent_across_provinces and rules_distance.beyond(q)
    if binding.consent_from_age is None:
        return across
    if age_on(person.born, q.day) < binding.consent_from_age:
        return False
    relations, channels = binding.consent_relations, binding.consent_channels
    return across or (
        (relations is None or request.relation in relations)
        and (channels is None or request.channel in channels)
    )


def consent_missing(q: Inquiry) -> bool:
    """Whether the beneficiary must consent and has not. Who stands at the counter with the sponsor consents there."""
    request = q.request
    if q.consented or q.confirmed is None or not _consent_asked(q, q.confirmed):
        return False
    return not (request.channel.in_person and request.counter and request.counter.beneficiary_present)
