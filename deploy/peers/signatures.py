"""How the two clouds' SDKs sign their requests, worked out again from their documents: ACS3-HMAC-SHA256 and TC3-HMAC-SHA256."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

_ACS3 = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)
_TC3 = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/([^/]+)/([^/]+)/tc3_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


def acs3(
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    key: str,
    secret: str,
) -> bool:
    """Whether a request to Alibaba Cloud is signed by this key, and its body is the one that was signed. Header names in lower case."""
    found = _ACS3.fullmatch(headers.get("authorization", ""))
    if not found or found[1] != key or _sha(body) != headers.get("x-acs-content-sha256"):
        return False
    names = found[2].split(";")
    asked = "&".join(f"{_escaped(name)}={_escaped(query[name])}" for name in sorted(query))
    signed = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    request = "\n".join((method, path, asked, signed, found[2], headers["x-acs-content-sha256"]))
    wanted = hmac.new(secret.encode(), f"ACS3-HMAC-SHA256\n{_sha(request.encode())}".encode(), hashlib.sha256)
    return hmac.compare_digest(wanted.hexdigest(), found[3])


def tc3(method: str, path: str, headers: Mapping[str, str], body: bytes, key: str, secret: str) -> bool:
    """Whether a request to Tencent Cloud is signed by this key. Header names in lower case."""
    found = _TC3.fullmatch(headers.get("authorization", ""))
    if not found or found[1] != key:
        return False
    _, day, service, names, signature = found.groups()
    signed = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in names.split(";"))
    request = "\n".join((method, path, "", signed, names, _sha(body)))
    scope = f"{day}/{service}/tc3_request"
    text = "\n".join(("TC3-HMAC-SHA256", headers.get("x-tc-timestamp", ""), scope, _sha(request.encode())))
    derived = _mac(_mac(_mac(f"TC3{secret}".encode(), day), service), "tc3_request")
    return hmac.compare_digest(_mac(derived, text).hex(), signature)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _escaped(text: str) -> str:
    return quote(text, safe="~")
