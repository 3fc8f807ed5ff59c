"""Face checks are really signed, by both kinds of key, and verify with the public keys of the demo's sources."""

from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.contracts.binding_requests import FaceCheck
from shared.contracts.sources import parse
from shared.testing.identities import adult
from shared.testing.messages import MONDAY
from shared.testing.proofs import DEMO_SOURCES, face_check

SOURCES = parse(DEMO_SOURCES.read_text(encoding="utf-8"))


def verify(check: FaceCheck) -> None:
    (pem,) = SOURCES[check.provider].keys.values()
    key, signature = load_pem_public_key(pem.encode()), b64decode(check.signature)
    text = f"{check.provider}|{check.transaction_no}|{check.checked_at}|{check.subject_sha256}".encode()
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, text)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, text, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("provider", ["face-one", "face-two"])
def test_signatures_verify(provider: str) -> None:
    check = face_check(adult(1), MONDAY, provider=provider)
    verify(check)
    for change in (
        {"transaction_no": "T2"},
        {"subject_sha256": "0" * 64},
        {"checked_at": "2026-11-23T10:00:01+08:00"},
    ):
        with pytest.raises(InvalidSignature):
            verify(check.model_copy(update=change))


def test_checks_of_other_persons_and_times_have_other_numbers() -> None:
    numbers = {
        face_check(who, at).transaction_no
        for who in (adult(1), adult(2))
        for at in (MONDAY, MONDAY + timedelta(seconds=1))
    }
    assert len(numbers) == 4
