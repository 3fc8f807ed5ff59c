"""The least that a model accepts, made of a full body."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.contracts.base import Message

M = TypeVar("M", bound=Message)


def minimal(body: M) -> M:
    """`body` without whatever its model can do without.

    Where the model demands one of several optional fields, the first one that satisfies it stays.
    """
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for name, field in type(body).model_fields.items():
        value = _shrunk(getattr(body, name))
        (required if field.is_required() else optional)[name] = value
    candidates = [
        required,
        *({**required, name: value} for name, value in optional.items() if value is not None),
    ]
    for fields in candidates:
        try:
            return type(body)(**fields)
        except ValidationError:
            continue
    return body


def _shrunk(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_shrunk(one) for one in value[:1])
    return minimal(value) if isinstance(value, BaseModel) and isinstance(value, Message) else value
