"""What a certificate says by itself: whose it is, and what is wrong with its number. GB 11643.

Read once for each spelling and remembered: the decoding step asks first, storage and rules ask some twenty times for one request.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from shared.contracts.identity import birth_date, fault, normalise, sex

_REMEMBERED = 32768  # two persons of each record of the largest batch, and those of the registry


class Said(NamedTuple):
    """`key`: SHA-256 of `psn_cert_type|certno` in its one spelling (32 bytes). `fault`: a reason code. `sex`: national `gend`."""

    key: bytes
    fault: str | None
    sex: str | None
    born: date | None


@lru_cache(maxsize=_REMEMBERED)
def said(kind: str, certno: str) -> Said:
    """What the certificate of this kind says, however its number is written."""
    number = normalise(kind, certno)
    key = hashlib.sha256(f"{kind}|{number}".encode()).digest()
    return Said(key, fault(kind, number), sex(kind, number), birth_date(kind, number))
