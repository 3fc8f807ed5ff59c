"""Personal data as the tables hold it: sealed under the installation's keys, each value bound to its row.

AES-256-GCM-SIV (RFC 8452) of `cryptography`: authenticated, and a nonce that is drawn twice, which millions of rows a day make
possible, gives nothing away but that two values are the same. A sealed value is one byte of format, four that name the key, twelve
of nonce, then the ciphertext. The row's name is authenticated with it, so that a value opens in its own row and in no other.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_SEALED: Final = b"\x01"
_PLAIN: Final = b"{"[0]  # JSON that releases before this one wrote; `keeping` seals it
_NAME_BYTES, _NONCE_BYTES = 4, 12
PREFIX_BYTES: Final = len(_SEALED) + _NAME_BYTES


class KeyMissing(OSError):
    """A row is sealed under a key that is not configured.

    Nothing is wrong with the row: as with a server that is away, the work is tried again until somebody configures the key.
    """


class Damaged(ValueError):
    """A value that no key opens: it was changed, or stands in another row than its own."""


def read_key(text: str) -> bytes:
    """A key from its setting: 32 bytes in base64. Raises `ValueError`, which does not quote the key."""
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64, for example what `openssl rand -base64 32` prints")
    return key


class Seal:
    """Seals under the first of its keys and opens what any of them sealed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: of 32 bytes, one at least."""
        if not keys:
            raise ValueError("a key is needed to seal with")
        self._by_name = {_derived(key, b"name", _NAME_BYTES): key for key in reversed(keys)}
        self._ciphers = {
            name: AESGCMSIV(_derived(key, b"rows", KEY_BYTES)) for name, key in self._by_name.items()
        }
        first = _derived(keys[0], b"name", _NAME_BYTES)
        self._first = self._ciphers[first]
        self.prefix: Final = _SEALED + first
        """What every value begins with that was sealed under the first key."""
        self.number_key: Final = _derived(self._by_name[min(self._by_name)], b"telephone numbers", KEY_BYTES)
        """For the hashes of telephone numbers: of one key of the set, whatever their order, so that it changes once while keys change."""

    def seal(self, plain: str | bytes, row: str) -> bytes:
        """`plain`, sealed for `row`: table and key, such as `person 33010000000000000001`."""
        nonce = os.urandom(_NONCE_BYTES)
        data = plain.encode() if isinstance(plain, str) else plain
        return self.prefix + nonce + self._first.encrypt(nonce, data, row.encode())

    def open(self, sealed: bytes, row: str) -> bytes:
        """What was sealed for `row`. Raises `KeyMissing` and `Damaged`."""
        if sealed[:1] != _SEALED:
            if sealed and sealed[0] == _PLAIN:
                return sealed
            raise Damaged("neither sealed nor JSON")
        cipher = self._ciphers.get(sealed[len(_SEALED) : PREFIX_BYTES])
        if cipher is None:
            raise KeyMissing("rows are sealed under a key that is not among GONGJI_NOTIFY_DATA_KEYS")
        start = PREFIX_BYTES + _NONCE_BYTES
        try:
            return cipher.decrypt(sealed[PREFIX_BYTES:start], sealed[start:], row.encode())
        except (InvalidTag, ValueError):
            raise Damaged("changed, or of another row") from None

    def seal_if(self, plain: str | bytes | None, row: str) -> bytes | None:
        """`seal` of what is there."""
        return None if plain is None else self.seal(plain, row)


def _derived(key: bytes, purpose: bytes, length: int) -> bytes:
    """One key for each purpose, so that none tells of another."""
    return HKDF(hashes.SHA256(), length, salt=None, info=b"gongji notify " + purpose).derive(key)


def person_row(psn_no: str) -> str:
    """The name of a row of `persons`."""
    return f"person {psn_no}"


def content_row(notice_id: object) -> str:
    """The name of `notices.content`."""
    return f"content {notice_id}"


def answer_row(notice_id: object) -> str:
    """The name of `notices.answer`."""
    return f"answer {notice_id}"
