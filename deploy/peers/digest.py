"""Digest challenges of a SIP trunk and whether they were answered rightly (RFC 3261 §22, RFC 2617 §3.2; MD5, with and without qop)."""

import hashlib
import hmac
import re
import secrets
from typing import Final

REALM: Final = "gongji-trunk"
_FIELD: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class Digest:
    """Who may call: one user with one password. Every nonce is good for one answer."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._nonces: set[str] = set()

    def challenge(self) -> str:
        """The value of a new `Proxy-Authenticate`."""
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"'

    def answered(self, header: str, method: str) -> bool:
        """Whether `header`, the value of a `Proxy-Authorization`, answers a challenge of ours for a request by `method`."""
        scheme, _, rest = header.partition(" ")
        said = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(rest)}
        nonce = said.get("nonce", "")
        if scheme.lower() != "digest" or nonce not in self._nonces:
            return False
        self._nonces.discard(nonce)
        if (said.get("username"), said.get("realm")) != (self._user, REALM):
            return False
        return hmac.compare_digest(said.get("response", ""), self._response(said, method))

    def _response(self, said: dict[str, str], method: str) -> str:
        who = _md5(f"{self._user}:{REALM}:{self._password}")
        what = _md5(f"{method}:{said.get('uri', '')}")
        if "qop" not in said:
            return _md5(f"{who}:{said['nonce']}:{what}")
        once = f"{said.get('nc', '')}:{said.get('cnonce', '')}:{said['qop']}"
        return _md5(f"{who}:{said['nonce']}:{once}:{what}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
