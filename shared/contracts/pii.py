"""Personal data is marked in the type, so that code which shows a message knows what to hide.

Source: 个人信息保护法 art. 28 (sensitive personal information); the masking follows what public service apps show:
the first character of a name, the first three and last two of a certificate, the first three and last four of a phone number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

Kind = Literal["name", "certificate", "phone"]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data of the given kind."""

    kind: Kind

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler(core_schema)
        schema["x-personal-data"] = self.kind
        return schema


PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), Personal("name")
]
CertificateNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), Personal("certificate")
]
PhoneNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=24), Personal("phone")
]


def mask(value: str, kind: Kind) -> str:
    """What a person may see of `value`: enough to recognise one's own, too little to identify a stranger."""
    if kind == "name":
        return value[:1] + "*" * max(1, len(value) - 1)
    head, tail = (3, 4) if kind == "phone" else (3, 2)
    if len(value) <= head + tail:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]


def _kind(field: FieldInfo) -> Kind | None:
    """The mark of a field; that of an optional one (`PhoneNumber | None`) sits inside its annotation."""
    return next(
        (m.kind for m in (*field.metadata, *_marks(field.annotation)) if isinstance(m, Personal)), None
    )


def _marks(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        for argument in getattr(annotation, "__args__", ()):
            yield from _marks(argument)


def masked(value: Any) -> Any:
    """A JSON-like copy of a message (or a part of one) with every personal field masked."""
    if isinstance(value, BaseModel):
        return {
            name: _masked_field(getattr(value, name), field)
            for name, field in type(value).model_fields.items()
        }
    if isinstance(value, Mapping):
        return {k: masked(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [masked(v) for v in value]
    return value


def _masked_field(value: Any, field: FieldInfo) -> Any:
    kind = _kind(field)
    if kind and isinstance(value, tuple | list):
        return [mask(one, kind) if isinstance(one, str) else masked(one) for one in value]
    return mask(value, kind) if kind and isinstance(value, str) else masked(value)


def personal_paths(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Kind]]:
    """Dotted paths of all personal fields of `model`, nested models and lists of models included."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        if kind := _kind(field):
            yield path, kind
        for nested in _nested(field.annotation):
            yield from personal_paths(nested, f"{path}.")


def _nested(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _nested(argument)
