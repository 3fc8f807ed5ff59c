"""Proofs that go with a request: signed face checks of the demo's two providers, commitment letters, documents, clerks.

The private keys are those of `deploy/demo/keys`; their public halves stand in `deploy/demo/sources.yaml`.
"""

from base64 import b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from shared.contracts.binding_requests import (
    Commitment,
    CounterProof,
    FaceCheck,
    Material,
    MaterialKind,
    Side,
)
from shared.testing import documents
from shared.testing.identities import MadeUp

ROOT = Path(__file__).parents[2]
KEYS = ROOT / "deploy" / "demo" / "keys"
DEMO_SOURCES = ROOT / "deploy" / "demo" / "sources.yaml"
"""What `GONGJI_SOURCES` has to name so that the signatures below are accepted."""
DEMO_OPERATORS = DEMO_SOURCES.with_name("operators.yaml")
"""What `GONGJI_OPERATORS` has to name for the operators of the demo and the tests."""
DATA_KEY = "bm90aWZ5LXRlc3Qta2V5LW5vdC1mb3ItcmVhbC1kYXQ="
"""What `GONGJI_NOTIFY_DATA_KEYS` names in tests: everybody may know it."""
LETTER = ROOT / "shared" / "policies" / "letters" / "GJ-CN-1.txt"


@cache
def _private_key(provider: str) -> Any:
    return serialization.load_pem_private_key((KEYS / f"{provider}.pem").read_bytes(), password=None)


def sign(provider: str, text: str) -> str:
    """The provider's signature of `text`, base64: Ed25519 (`face-one`) or ECDSA P-256 with SHA-256, DER (`face-two`)."""
    key = _private_key(provider)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b64encode(key.sign(text.encode())).decode()
    return b64encode(key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode()


def face_check(
    who: MadeUp, at: datetime, *, provider: str = "face-one", transaction_no: str | None = None
) -> FaceCheck:
    """A face check of `who` that the provider really signed. The transaction number is made of person and time."""
    checked_at = at.isoformat()
    subject = who.subject_sha256
    number = transaction_no or "T" + sha256(f"{provider}{subject}{checked_at}".encode()).hexdigest()[:20]
    return FaceCheck(
        provider=provider,
        transaction_no=number,
        checked_at=checked_at,
        subject_sha256=subject,
        signature=sign(provider, f"{provider}|{number}|{checked_at}|{subject}"),
    )


def commitment(at: datetime, **changes: Any) -> Commitment:
    """The national commitment letter in its present version, signed at `at`."""
    fields = {
        "code": "GJ-CN",
        "version": "1",
        "sha256": sha256(LETTER.read_bytes()).hexdigest(),
        "signed_at": at,
    }
    return Commitment(**(fields | changes))


def material(kind: MaterialKind | str, holder: Side | str = Side.SPONSOR, number: int = 1) -> Material:
    """A reference to a made-up document, which `documents.upload` puts into a store."""
    name = f"{MaterialKind(kind).value}-{number:04d}"
    return documents.referred(name, MaterialKind(kind), Side(holder))


def counter(operator_id: str = "clerk-0001", **changes: Any) -> CounterProof:
    """A clerk vouches for a complete form and originals that were seen."""
    fields = {"operator_id": operator_id, "form_complete": True, "originals_seen": True} | changes
    return CounterProof(**fields)
