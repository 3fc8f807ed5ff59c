"""Objects of the national interface as tables of fields: which field of ours is which of theirs, and as what it is written."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from shared.contracts.base import Message
from shared.messaging.wording import stated
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
        super().__init__("；".join(f"{f.field}: {f.reason}，如 {f.example}" for f in self.faults))


MISSING = "缺少该字段 / is missing"
EXAMPLES: Mapping[str, str] = {
    "psn_no": "33010000000000000001", "mdtrt_id": "M2026112300001", "mdtrt_cert_no": "33010219900307001X", "med_type": "11",
    "setl_id": "0193a5c0d2b74f0e8c1d2a3b4c5d6e", "msgid": "H33010000001202611231000000001", "omsgid": "H33010000001202611231000000001",
    "infno": "2207", "oinfno": "2207", "fixmedins_code": "H33010000001", "insuplc_admdvs": "330100", "acct_used_flag": "1",
    "feedetl_sn": "1", "file_qury_no": "F20261123", "refd_setl_flag": "0", "clr_type": "11", "setl_optins": "330100",
    "clr_optins": "330100", "gend": "1", "psn_name": "张三", "certno": "33010219900307001X", "psn_insu_stas": "1",
}  # fmt: skip
"""Right values of texts by national name; what is not here has the example of its kind."""


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

    @property
    def example(self) -> str:
        """A right value."""
        return EXAMPLES.get(self.name, self.kind.example)


def read(fields: Iterable[Field], given: Any, at: str, faults: list[Fault]) -> dict[str, Any]:
    """Our values of an object at path `at`, without those that are absent, null or empty; faults are added to the list."""
    found: dict[str, Any] = {}
    if not isinstance(given, Mapping):
        faults.append(Fault(at, "缺少或不是对象 / is missing or no object", "{}"))
        return found
    for field in fields:
        value = _first(given, (field.name, *field.also))
        if value is None:
            continue
        try:
            found[field.here] = field.kind.read(value)
        except ValueError as error:
            faults.append(Fault(f"{at}.{field.name}", str(error), field.example))
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


def build(
    model: type[M],
    values: Mapping[str, Any],
    names: Mapping[str, str],
    faults: list[Fault],
    fields: Iterable[Field] = (),
) -> M:
    """The message of read values. `names` gives the national path of a field of ours, `fields` right values of them. Raises
    `Untranslatable` with all faults."""
    known = {fault.field for fault in faults}
    examples = {field.here: field.example for field in fields}
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            ours, *rest = map(str, one["loc"]) if one["loc"] else ("",)
            path = ".".join((names.get(ours, ours) or "input", *rest))
            if any(path == fault or path.startswith(f"{fault}.") for fault in known):
                continue
            known.add(path)
            reason = MISSING if one["type"] == "missing" else stated(dict(one))
            example = EXAMPLES.get(rest[-1], "") if rest else examples.get(ours, "")
            faults.append(Fault(path, reason, example or "docs/national.md"))
        raise Untranslatable(faults) from None
    if faults:
        raise Untranslatable(faults)
    return found
