"""The face check: signed by a registered provider, of the right person, fresh, not used before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from services.eligibility.domain.inquiry import Inquiry, state_reason
from services.eligibility.domain.person import person_key
from services.eligibility.domain.signatures import signed
from shared.contracts.binding_requests import FaceCheck
from shared.contracts.reasons import Reason
from shared.policies.values import RegionPolicy

_AHEAD = timedelta(minutes=5)  # a provider's clock may be a little fast


def face(q: Inquiry) -> Iterator[Reason]:
    """The sponsor's own face was checked where the channel must prove that; at a counter a clerk sees the person."""
    if q.policy.binding.face_check and "face-check" in q.proofs:
        subject = person_key(q.request.sponsor)
        yield from check(
            q.policy,
            q.keys,
            q.request.face_check,
            subject,
            q.at,
            used=q.face_used,
            cites="binding.face_check",
            verified=q.face_verified,
        )


def check(
    policy: RegionPolicy,
    keys: Mapping[str, tuple[str, ...]],
    given: FaceCheck | None,
    subject: bytes,
    at: datetime,
    *,
    used: bool,
    cites: str,
    verified: bool = False,
) -> Iterator[Reason]:
    """All that is wrong with a face check of the person with key `subject` at `at`, for any purpose.

    `verified`: its provider's signature was judged before.
    """

    def why(code: str, **values: object) -> Reason:
        return state_reason(policy, code, "proof.face-check", cites=cites, field="face_check", **values)

    if given is None:
        yield why("face-check-missing")
        return
    if not verified and given.provider not in keys:
        yield why("face-check-provider")
    elif not verified and not signed(given, keys[given.provider]):
        yield why("face-check-signature")
    if given.subject_sha256 != subject.hex():
        yield why("face-check-subject")
    if not _fresh(given.checked_at, at, policy.binding.face_check_max_age):
        yield why("face-check-stale", minutes=policy.binding.face_check_max_age // 60)
    if used:
        yield why("face-check-reused")


def _fresh(checked_at: str, at: datetime, max_age: int) -> bool:
    try:
        checked = datetime.fromisoformat(checked_at)
    except ValueError:
        return False
    return checked.tzinfo is not None and -_AHEAD <= at - checked <= timedelta(seconds=max_age)


RULES = (face,)
