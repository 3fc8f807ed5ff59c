"""What the applicant proves: the commitment letter, the clerk's word at a counter, the documents."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.binding_requests import MATERIALS_ZH, Material, MaterialKind, Side
from shared.contracts.identity import age_on
from shared.contracts.reasons import Reason
from shared.policies.types import Choices, Document, MaterialRule


def commitment(q: Inquiry) -> Iterator[Reason]:
    """The letter is signed, in the version that was in force then. At a counter the paper form takes its place."""
    wanted, signed = q.letter, q.request.commitment
    if wanted is None:
        return
    if signed is None:
        if not q.request.channel.in_person:
            yield q.why(
                "commitment-missing", "proof.commitment", cites="binding.commitment", field="commitment"
            )
    elif (signed.code, signed.version, signed.sha256) != (wanted.code, wanted.version, wanted.sha256):
        yield q.why(
            "commitment-outdated",
            "proof.commitment",
            cites="binding.commitment",
            field="commitment",
            version=f"{wanted.code} {wanted.version}",
        )


def counter(q: Inquiry) -> Iterator[Reason]:
    """At a counter a clerk vouches for a complete form and for the originals."""
    if not q.request.channel.in_person:
        return
    proof = q.request.counter
    if proof is None:
        yield q.why("counter-proof-missing", "proof.counter", field="counter")
    elif not (proof.form_complete and proof.originals_seen):
        yield q.why("counter-incomplete", "proof.counter", field="counter")


def materials(q: Inquiry) -> Iterator[Reason]:
    """The documents that the region asks for are there; those about the relation only unless the registry proves it."""
    for rule in unmet(q):
        zh, en = listed(rule.any_of)
        days = q.policy.review.supplement_working_days
        cites = "binding.materials"
        yield q.why(
            "materials-missing",
            "proof.materials",
            cites=cites,
            field="materials",
            missing=zh,
            missing_en=en,
            days=days,
        )


def unmet(q: Inquiry) -> list[MaterialRule]:
    """Rules of the region that apply to the request and are not met by its documents.

    Nobody is asked for papers about a person who is not confirmed, or about a relation that the registry contradicts.
    """
    if not (q.known_sponsor and q.confirmed):
        return []
    age = age_on(q.confirmed.born, q.day)
    return [
        rule
        for rule in q.policy.binding.materials
        if rule.concerns(q.request.relation, q.request.channel, age)
        and not (rule.unless_proven and q.relation is not None)
        and not _met(rule.any_of, q.materials)
    ]


def _met(choices: Choices, given: Collection[Material]) -> bool:
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
    for rule in unmet(q):
        lists = [sorted(d.kind for d in choice if not d.among(q.materials)) for choice in rule.any_of]
        kinds += sorted(lists, key=len)[0]
    return tuple(dict.fromkeys(kinds))


RULES = (commitment, counter, materials)
