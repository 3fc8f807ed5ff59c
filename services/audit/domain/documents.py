"""Whether a document is what its reference says, from its content alone; and what a case's faults ask of the applicant.

The real type comes from the content, never from a name or from what a sender or a store declares.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image
from pypdf import PdfReader

from shared.contracts.binding_requests import MATERIALS_ZH, Material, MaterialKind, Side
from shared.contracts.reasons import Reason, reason

MISSING, ALTERED, DISGUISED = "document-missing", "document-altered", "document-disguised"
ENCRYPTED, TOO_LARGE, UNREADABLE = "document-encrypted", "document-too-large", "document-unreadable"
FAULTS = (MISSING, ALTERED, DISGUISED, ENCRYPTED, TOO_LARGE, UNREADABLE)

_PDF = "application/pdf"
_IMAGES = {"image/jpeg": "JPEG", "image/png": "PNG"}
_MARKS = {b"%PDF-": _PDF, b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
TYPES = frozenset(_MARKS.values())
"""What a reviewer can be shown, and what this module can look into."""
_PIXELS = 80_000_000
"""A larger picture is no photograph of a paper: it would be unpacked to hundreds of megabytes."""
_SIDES_ZH = {Side.SPONSOR: "授权人", Side.BENEFICIARY: "使用人"}

Place = tuple[str, str]
"""A document as it was sent: reference and digest. The same reference with other content is another document."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one document of a case."""

    code: str
    kind: MaterialKind
    holder: Side


def judge(material: Material, content: bytes | None, limit: int) -> str | None:
    """The fault of one document as a reason code, the first that applies; `None` if it is sound.

    `content`: what the store holds, cut after `limit` + 1 bytes; `None` if it holds nothing. `limit`: the region's, in bytes.
    """
    if material.size > limit:
        return TOO_LARGE
    if content is None:
        return MISSING
    if len(content) > limit:
        return TOO_LARGE
    if len(content) != material.size or sha256(content).hexdigest() != material.sha256:
        return ALTERED
    if material.media_type not in TYPES or _real_type(content) != material.media_type:
        return DISGUISED
    return _unreadable_pdf(content) if material.media_type == _PDF else _unreadable_image(material, content)


def _real_type(content: bytes) -> str | None:
    """The media type by the mark at the very beginning; whether the rest keeps its promise, the decoder says."""
    return next((type for mark, type in _MARKS.items() if content.startswith(mark)), None)


def _unreadable_image(material: Material, content: bytes) -> str | None:
    """Every row is decoded: a picture that was cut off looks sound from its head. JPEG at an eighth of its size, which is enough."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=(_IMAGES[material.media_type],)) as image:
                width, height = image.size
                if width * height > _PIXELS:
                    return UNREADABLE
                image.draft("L", (max(1, width // 8), max(1, height // 8)))
                image.load()
    except Exception:  # what a decoder may raise on hostile bytes is no closed list
        return UNREADABLE
    return None


def _unreadable_pdf(content: bytes) -> str | None:
    """A PDF that opens without a password is not locked, even if it forbids printing."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return ENCRYPTED
        return None if len(reader.pages) else UNREADABLE
    except Exception:  # as above
        return UNREADABLE


def wanted(materials: Collection[Material], known: Collection[Place]) -> tuple[Material, ...]:
    """Which documents of a case count: those found faulty in an earlier round do not, once there is another in their place.

    `known`: the faulty ones. A later round carries all documents that were ever sent.
    """
    bad = set(known)
    fresh = [m for m in materials if place(m) not in bad]
    mended = {(m.kind, m.holder) for m in fresh}
    return tuple(m for m in materials if place(m) not in bad or (m.kind, m.holder) not in mended)


def place(material: Material) -> Place:
    return material.reference, material.sha256


def kinds(faults: Collection[Fault]) -> tuple[MaterialKind, ...]:
    """Which kinds to ask for again, each once."""
    return tuple(dict.fromkeys(fault.kind for fault in faults))


def reasons(faults: Collection[Fault], limit: int, days: int) -> tuple[Reason, ...]:
    """One reason for each fault of a kind and holder. `limit` in bytes, `days` to supply them in."""
    return tuple(_reason(fault, limit, days) for fault in dict.fromkeys(faults))


def _reason(fault: Fault, limit: int, days: int) -> Reason:
    return reason(
        fault.code,
        field="materials",
        document=f"{_SIDES_ZH[fault.holder]}的{MATERIALS_ZH[fault.kind]}",
        document_en=f"{fault.kind.value} of the {fault.holder.value}",
        limit=f"{limit / 1_000_000:g}",
        days=days,
    )
