"""Objects of the national interface as tables of fields: which field of ours is which of theirs, and as what it is written."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from shared.contracts.base import Message
from shared.national.scalars import TEXT, Kind

M = TypeVar("M", bound=Message)


class Fault(NamedTuple):
    """One field that cannot be translated: its path, what is wrong and a right value. Never the value itself."""

    field: str
    reason: str
    example: str


class Untranslatable(ValueError):
    """A payload that has no meaning in our messages; `faults` names every field. The text holds no value of the payload."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.field}: {f.reason}, for example {f.example}" for f in self.faults))


class Field(NamedTuple):
    """`name` is the national name and, unless `ours` says otherwise, ours; `also` are spellings that senders are known to use."""

    name: str
    kind: Kind = TEXT
    ours: str = ""
    also: tuple[str, ...] = ()

    @property
    def here(self) -> str:
        """The name in our message."""
        return self.ours or self.name


def read(fields: Iterable[Field], given: Any, at: str, faults: list[Fault]) -> dict[str, Any]:
    """Our values of an object at path `at`, without those that are absent, null or empty; faults are added to the list."""
    found: dict[str, Any] = {}
    if not isinstance(given, Mapping):
        faults.append(Fault(at, "is missing or no object", "{}"))
        return found
    for field in fields:
        value = _first(given, (field.name, *field.also))
        if value is None:
            continue
        try:
            found[field.here] = field.kind.read(value)
        except ValueError as error:
            faults.append(Fault(f"{at}.{field.name}", str(error), field.kind.example))
    return found


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = given.get(name)
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return value
    return None


def write(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The national object of our values; fields that are none are left out."""
    return {
        field.name: field.kind.write(values[field.here])
        for field in fields
        if values.get(field.here) is not None
    }


def build(model: type[M], values: Mapping[str, Any], names: Mapping[str, str], faults: list[Fault]) -> M:
    """The message of read values. `names` gives the national path of a field of ours. Raises `Untranslatable` with all faults."""
    known = {fault.field for fault in faults}
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            ours = str(one["loc"][0]) if one["loc"] else ""
            path = names.get(ours, ours) or "input"
            if path not in known:
                reason = "is missing" if one["type"] == "missing" else str(one["msg"])
                faults.append(Fault(path, reason, "see docs/national.md"))
        raise Untranslatable(faults) from None
    if faults:
        raise Untranslatable(faults)
    return found
