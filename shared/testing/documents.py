"""Made-up documents with real content: small pictures and PDFs, the same bytes in every run, and what refers to them.

`content` is a function of the reference, so that whoever has a reference can put its document into a store.
"""

from base64 import b64decode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from shared.contracts.binding_requests import Material, MaterialKind, Side

_GREY = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19i"
    "Z2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAI"
    "AQEAAD8AP//Z"
)
"""A grey picture of 8 by 8, JPEG."""


def jpeg(name: str) -> bytes:
    """A picture whose bytes are those of its name only: the name stands in a comment of the file."""
    comment = name.encode()
    return _GREY[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + _GREY[2:]


def pdf(name: str) -> bytes:
    """A PDF of one empty page, its name in a comment."""
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>",
    )
    made, places = b"%PDF-1.4\n%" + name.encode() + b"\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 4\n0000000000 65535 f \n"
    return made + head + table + b"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)


@cache
def content(reference: str) -> bytes:
    """The document of a reference: a PDF if it ends so, else a picture."""
    return pdf(reference) if reference.endswith(".pdf") else jpeg(reference)


def referred(
    reference: str, kind: MaterialKind, holder: Side = Side.SPONSOR, held: bytes | None = None
) -> Material:
    """A sound reference to the document of that name, or to `held` instead."""
    held = content(reference) if held is None else held
    return Material(
        kind=kind,
        holder=holder,
        reference=reference,
        media_type="application/pdf" if reference.endswith(".pdf") else "image/jpeg",
        size=len(held),
        sha256=sha256(held).hexdigest(),
    )


def upload(folder: Path, materials: Iterable[Material]) -> None:
    """Puts made-up documents into a store that is a folder, as a channel does before it refers to them."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in materials:
        (folder / one.reference).write_bytes(content(one.reference))
