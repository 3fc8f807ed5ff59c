"""A body as people may see it: personal data masked, free text and everything that does not fit the contract hidden.

Works on the wire form (money as decimal strings), so that what is shown is what was sent.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from shared.contracts.pii import Kind, mask, personal_paths

HIDDEN = "<…>"
_FREE_TEXT = frozenset({"note"})
_PERSONAL_NUMBER = re.compile(r"(?<![0-9])([0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9})(?![0-9])")
_TOKEN = re.compile(r"[!-~]{1,128}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def token(text: str | bytes | None) -> str:
    """A header or key from outside, safe to print: short visible ASCII only, what looks like a certificate or phone number masked."""
    if not text:
        return "-"
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not _TOKEN.fullmatch(text):
        return f"<{len(text)} characters>"
    if _UUID.fullmatch(text):
        return text
    return numbers(text)


def numbers(text: str) -> str:
    """A text of any kind with what looks like a certificate or phone number masked."""
    return _PERSONAL_NUMBER.sub(lambda m: mask(m[0], "certificate"), text)


def shown(value: bytes | None, model: type[BaseModel] | None) -> Any:
    """A masked JSON-like copy of a body of any quality; `None` for a tombstone.

    Fields that the contract does not know are dropped; fields that it refuses, and free text, are `<…>`; bytes that are
    no JSON object, or whose type is unknown, are told by their length only.
    """
    if value is None:
        return None
    try:
        parsed = from_json(value, allow_inf_nan=True)
    except (ValueError, RecursionError):
        parsed = None
    if model is None or not isinstance(parsed, dict):
        return f"<{len(value)} bytes>"
    return _walk(parsed, dict(personal_paths(model)), _refused(value, model), _known(model), "")


def masked_wire(body: BaseModel) -> dict[str, Any]:
    """The wire form of a valid message, masked."""
    model = type(body)
    dumped = body.model_dump(mode="json", exclude_none=True)
    result: dict[str, Any] = _walk(dumped, dict(personal_paths(model)), frozenset(), _known(model), "")
    return result


def _refused(value: bytes, model: type[BaseModel]) -> frozenset[str]:
    try:
        model.model_validate_json(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return frozenset(".".join(str(p) for p in d["loc"] if isinstance(p, str)) for d in details)
    return frozenset()


def _known(model: type[BaseModel], prefix: str = "") -> frozenset[str]:
    """Dotted paths of all fields of `model`."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(f"{prefix}{name}")
        for nested in _models(field.annotation):
            found |= _known(nested, f"{prefix}{name}.")
    return frozenset(found)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in getattr(annotation, "__args__", ()) for m in _models(argument)]


def _walk(
    value: Any, personal: Mapping[str, Kind], refused: frozenset[str], known: frozenset[str], path: str
) -> Any:
    if path and path in refused:
        return HIDDEN
    if isinstance(value, dict):
        return {
            name: _walk(child, personal, refused, known, below)
            for name, child in value.items()
            if (below := f"{path}.{name}" if path else name) in known
        }
    if isinstance(value, list):
        return [_walk(child, personal, refused, known, path) for child in value]
    if value is None or isinstance(value, bool):
        return value
    if path in personal:
        return mask(value, personal[path]) if isinstance(value, str) else HIDDEN
    return HIDDEN if path.rpartition(".")[2] in _FREE_TEXT else value
