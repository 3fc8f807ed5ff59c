"""The list of accounts that paid (`datayka065`), which the national `setlinfo` does not have but an older interface of Sichuan has. Pure.

Source: public client BenDing, class of the rows of `datayka065` (one a holder: `yka065` paid by the account, `ykc178` what the holder is to
the patient: 1 父母 2 子女 3 配偶 4 其他 5 本人). The rows there also have the holder's number, certificate, name, region and balance (`aac001`,
`aac002`, `aac003`, `yab003`, `ykc177`): an institution needs none of these, so they are neither written nor read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.contracts.answers import OpenShare
from shared.contracts.relations import OPPOSITE, Relation
from shared.contracts.settlement_results import Holder
from shared.national import fields as table
from shared.national.fields import Fault, Field
from shared.national.scalars import AMOUNT

LIST: Final = "datayka065"
ROW: Final = (Field("yka065", AMOUNT, "amount"), Field("ykc178", ours="code"))
_OWN, _OTHER = "5", "4"
_CODES: Final = {Relation.PARENT: "1", Relation.CHILD: "2", Relation.SPOUSE: "3"}
"""Code of what the holder is to the patient; every other relation is 4."""
_PATIENT: Final = {code: OPPOSITE[holder] for holder, code in _CODES.items()}
"""What the patient is to the holder, by the holder's code."""


def write_shares(shares: Sequence[OpenShare]) -> list[dict[str, Any]]:
    """The rows, first to pay first; without `ykc178` where the relation is not told."""
    return [table.write(ROW, {"amount": one.amount, "code": _code(one)}) for one in shares]


def _code(share: OpenShare) -> str | None:
    if share.holder == Holder.OWN:
        return _OWN
    return None if share.relation is None else _CODES.get(OPPOSITE[share.relation], _OTHER)


def read_shares(given: Any, at: str, faults: list[Fault]) -> list[dict[str, Any]]:
    """Our rows (fields of `OpenShare`) of a list at path `at`; faults are added. A relation that is 其他 or unknown is none."""
    if given is None or given == "":
        return []
    if not isinstance(given, list):
        faults.append(Fault(at, "应为数组 / is no list", "[]"))
        return []
    return [_row(one, f"{at}.{n}", faults) for n, one in enumerate(given)]


def _row(given: Any, at: str, faults: list[Fault]) -> dict[str, Any]:
    before = len(faults)
    values: Mapping[str, Any] = table.read(ROW, given, at, faults)
    if "amount" not in values and len(faults) == before:
        faults.append(Fault(f"{at}.yka065", table.MISSING, AMOUNT.example))
    code = values.get("code")
    holder = Holder.OWN if code == _OWN else Holder.SPONSOR
    return {"holder": holder, "amount": values.get("amount", 0), "relation": _PATIENT.get(code or "")}
