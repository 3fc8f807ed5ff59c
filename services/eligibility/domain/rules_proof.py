"""What the applicant proves: letter, real name, e-credential, the clerk's word, documents about the relation and for the uses.

Which of these a channel must prove is in `channels.proofs_of`; each is asked only where its own key of the region asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.eligibility.domain import rules_relation
from services.eligibility.domain.inquiry import Inquiry, state_reason
from shared.contracts.binding_requests import (
    MATERIALS_ZH,
    USES_ZH,
    ChannelKind,
    CounterProof,
    Material,
    MaterialKind,
    Side,
)
from shared.contracts.identity import age_on
from shared.contracts.reasons import Reason
from shared.policies.types import Choices, Document, MaterialRule
from shared.policies.values import RegionPolicy


def commitment(q: Inquiry) -> Iterator[Reason]:
    """The letter is signed, in the version that was in force then. At a counter the paper form takes its place."""
    wanted, signed = q.letter, q.request.commitment
    if wanted is None:
        return
    if signed is None:
        if "commitment" in q.proofs:
            yield q.why(
                "commitment-missing", "proof.commitment", cites="binding.commitment", field="commitment"
            )
    elif (signed.code, signed.version, signed.sha256) != (wanted.code, wanted.version, wanted.sha256):
        yield q.why(
            "commitment-outdated",
            "proof.commitment-version",
            cites="binding.commitment",
            field="commitment",
            version=f"{wanted.code} {wanted.version}",
        )


def real_name(q: Inquiry) -> Iterator[Reason]:
    """The channel knows its user at least as well as the region asks; a channel that does not say knows nothing."""
    level, given = q.policy.binding.real_name_level, q.request.real_name_level
    if level is not None and "real-name" in q.proofs and (given is None or given < level):
        cites = "binding.real_name_level"
        yield q.why(
            "real-name-level-too-low", "proof.real-name", cites=cites, field="real_name_level", level=level
        )


def e_credential(q: Inquiry) -> Iterator[Reason]:
    """The sponsor's medical e-credential is activated, by the registry: not reported is not activated."""
    if not q.policy.binding.e_credential or "e-credential" not in q.proofs or not q.known_sponsor:
        return
    if not any(record.e_credential for record in q.known_sponsor.records):
        cites = "binding.e_credential"
        yield q.why("e-credential-missing", "proof.e-credential", cites=cites, field="sponsor")


def operator(q: Inquiry) -> Iterator[Reason]:
    """Staff vouch for the application."""
    if "operator" in q.proofs:
        yield from vouched(q.policy, q.request.channel, q.request.counter)


def vouched(policy: RegionPolicy, channel: ChannelKind, given: CounterProof | None) -> Iterator[Reason]:
    """Staff vouch for a complete form and, where they can see them, for the originals, whatever is asked for."""
    if given is None:
        yield state_reason(policy, "counter-proof-missing", "proof.counter", field="counter")
    elif not (given.form_complete and (given.originals_seen or not channel.in_person)):
        yield state_reason(policy, "counter-incomplete", "proof.counter-complete", field="counter")


def materials(q: Inquiry) -> Iterator[Reason]:
    """The documents that the region asks for are there; those about the relation only unless the registry proves it."""
    if not (rules := unmet(q)):
        return
    if any(rule.unless_proven for rule in rules) and rules_relation.has_kin_account(q):
        yield q.why("kin-account-only", "proof.kin-account", cites="binding.materials", field="relation")
    for rule in rules:
        zh, en = listed(rule.any_of)
        yield q.why(
            "materials-missing",
            "proof.materials",
            cites="binding.materials",
            field="materials",
            missing=zh,
            missing_en=en,
            days=q.policy.review.supplement_working_days,
        )


def uses(q: Inquiry) -> Iterator[Reason]:
    """The documents that a chosen use needs are there."""
    for use, choices in unmet_uses(q):
        yield use_reason(q.policy, use, choices)


def use_reason(policy: RegionPolicy, use: str, choices: Choices) -> Reason:
    """That the documents for one use are missing."""
    zh, en = listed(choices)
    return state_reason(
        policy,
        "use-proof-missing",
        "proof.uses",
        cites="binding.use_proofs",
        field="materials",
        uses=f"{USES_ZH.get(use, use)}({use})",
        missing=zh,
        missing_en=en,
        days=policy.review.supplement_working_days,
    )


def unmet(q: Inquiry) -> list[MaterialRule]:
    """Rules of the region that apply to the request and are not met by its documents.

    Nobody is asked for papers about a person who is not confirmed, about a relation that the registry contradicts, or about oneself.
    """
    if not q.known_sponsor or not q.confirmed or q.known_sponsor.key == q.confirmed.key:
        return []
    return [rule for rule in applying(q) if not met(rule.any_of, q.materials)]


def applying(q: Inquiry) -> list[MaterialRule]:
    """Rules of the region that speak of this application."""
    age = age_on(q.confirmed.born, q.day) if q.confirmed else None
    known = rules_relation.recorded(q) is not None
    return [
        rule
        for rule in q.policy.binding.materials
        if not (known and rule.unless_proven) and rule.concerns(q.request.relation, q.request.channel, age)
    ]


def unmet_uses(q: Inquiry) -> list[tuple[str, Choices]]:
    """Uses that the region allows and the sponsor chose, and whose documents are missing; none about a person not confirmed."""
    needed = q.policy.binding.use_proofs
    if not needed or not (q.known_sponsor and q.confirmed):
        return []
    chosen = (use for use in dict.fromkeys(q.request.terms.scope) if use in q.policy.binding.uses)
    return [(use, needed[use]) for use in chosen if use in needed and not met(needed[use], q.materials)]


def met(choices: Choices, given: Collection[Material]) -> bool:
    """Whether all documents of one of the lists were handed in."""
    return any(all(document.among(given) for document in choice) for choice in choices)


def listed(choices: Choices) -> tuple[str, str]:
    """What may be handed in, in Chinese and English: any of these lists, all documents of a list."""
    zh = " 或 ".join("、".join(_zh(d) for d in sorted(c, key=str)) for c in choices)
    en = " or ".join(" and ".join(_en(d) for d in sorted(c, key=str)) for c in choices)
    return zh, en


def _zh(document: Document) -> str:
    side = {None: "", Side.SPONSOR: "授权人", Side.BENEFICIARY: "使用人"}[document.holder]
    return side + MATERIALS_ZH[document.kind]


def _en(document: Document) -> str:
    return document.kind + (f" of the {document.holder}" if document.holder else "")


def missing(q: Inquiry) -> tuple[MaterialKind, ...]:
    """For each rule that is not met the shortest list that completes one of its choices; of equals, the one it names first."""
    kinds: list[MaterialKind] = []
    for choices in (*(rule.any_of for rule in unmet(q)), *(choices for _, choices in unmet_uses(q))):
        lists = [sorted(d.kind for d in choice if not d.among(q.materials)) for choice in choices]
        kinds += sorted(lists, key=len)[0] if lists else []
    return tuple(dict.fromkeys(kinds))


def proves(q: Inquiry) -> bool:
    """Whether documents prove the relation: some rule asks for proof of it, and all that is asked for is there."""
    if not (q.materials and q.known_sponsor and q.confirmed):
        return False
    return any(rule.unless_proven for rule in applying(q)) and not unmet(q)


RULES = (commitment, real_name, e_credential, operator, materials, uses)
