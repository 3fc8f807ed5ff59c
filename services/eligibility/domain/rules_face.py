"""The face check: signed by a registered provider, of the right person, fresh, not used before.

Signed text: `provider|transaction_no|checked_at (as sent)|subject_sha256`, UTF-8; Ed25519, or ECDSA P-256 with SHA-256.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.eligibility.domain.inquiry import Inquiry, state_reason
from services.eligibility.domain.person import person_key
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


def signed(given: FaceCheck, keys: tuple[str, ...]) -> bool:
    """Whether one of the provider's public keys (PEM) verifies the signature."""
    text = f"{given.provider}|{given.transaction_no}|{given.checked_at}|{given.subject_sha256}".encode()
    try:
        signature = base64.b64decode(given.signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_verifies(_key(pem), signature, text) for pem in keys)


def _verifies(key: Ed25519PublicKey | EllipticCurvePublicKey, signature: bytes, text: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
        else:
            key.verify(signature, text, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _key(pem: str) -> Ed25519PublicKey | EllipticCurvePublicKey:
    key = load_pem_public_key(pem.encode())
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    ):
        return key
    raise ValueError("a face-check provider's key must be Ed25519 or ECDSA P-256")


def _fresh(checked_at: str, at: datetime, max_age: int) -> bool:
    try:
        checked = datetime.fromisoformat(checked_at)
    except ValueError:
        return False
    return checked.tzinfo is not None and -_AHEAD <= at - checked <= timedelta(seconds=max_age)


RULES = (face,)
