"""What the applicant proves: the commitment letter, the clerk's word at a counter, the documents."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.binding_requests import MATERIALS_ZH, MaterialKind
from shared.contracts.reasons import Reason


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
    """The documents for the relation are there, unless the registry of relations proves it."""
    if not needs_papers(q):
        return
    choices = q.policy.binding.materials[q.request.relation]
    zh = " 或 ".join("、".join(MATERIALS_ZH[k] for k in sorted(c)) for c in choices)
    en = " or ".join(" and ".join(sorted(c)) for c in choices)
    days = q.policy.review.supplement_working_days
    yield q.why(
        "materials-missing",
        "proof.materials",
        cites="binding.materials",
        field="materials",
        missing=zh,
        missing_en=en,
        days=days,
    )


def needs_papers(q: Inquiry) -> bool:
    """Whether documents are missing: the registry says nothing of the two, and no choice of documents is complete.

    Nobody is asked for papers about a person who is not confirmed, or about a relation that the registry contradicts.
    """
    choices = q.policy.binding.materials.get(q.request.relation, ())
    if not choices or q.relation is not None or not (q.known_sponsor and q.confirmed):
        return False
    there = {m.kind for m in q.materials}
    return not any(choice <= there for choice in choices)


def missing(q: Inquiry) -> tuple[MaterialKind, ...]:
    """The shortest list of documents that completes one of the region's choices; of equals, the one it names first."""
    there = {m.kind for m in q.materials}
    choices = q.policy.binding.materials.get(q.request.relation, ())
    return min((tuple(sorted(c - there)) for c in choices), key=len, default=())


RULES = (commitment, counter, materials)
