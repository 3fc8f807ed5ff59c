"""Requests of institutions: from the national envelope to one of our messages, and back. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from shared.contracts.base import Message
from shared.contracts.settlement_requests import Bill
from shared.national import fields as table
from shared.national.convention import Convention
from shared.national.fields import Fault, Field, Untranslatable
from shared.national.scalars import AMOUNT, MOMENT, REGION, parse
from shared.national.transactions import TRANSACTIONS, Transaction

HEADER: Final = (
    Field("infno"), Field("msgid"), Field("fixmedins_code"), Field("inf_time", MOMENT),
    Field("insuplc_admdvs", REGION, also=("insuplcAdmdvs",)), Field("mdtrtarea_admvs", REGION, also=("mdtrtarea_admdvs",)),
)  # fmt: skip
ACCOUNTS: Final = (Field("acct_pay", AMOUNT), Field("acct_mulaid_pay", AMOUNT))


class Request(NamedTuple):
    """A request as translated: its number, our type (`settlement.requests.settle`), the message and when it was sent."""

    infno: str
    short: str
    body: Message
    sent_at: datetime | None


def header(given: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope's fields that say who asks and from where. Raises `Untranslatable`."""
    faults: list[Fault] = []
    found = table.read(HEADER, given, "envelope", faults)
    if faults:
        raise Untranslatable(faults)
    return found


def read_request(given: Mapping[str, Any], convention: Convention) -> Request:
    """Our message of a national request (the envelope as `scalars.parse` gives it). Raises `Untranslatable` with every fault."""
    head = header(given)
    transaction = TRANSACTIONS.get(head.get("infno", ""))
    if transaction is None:
        raise Untranslatable([Fault("infno", "应为其中之一 / is none of " + " ".join(TRANSACTIONS), "2207")])
    faults: list[Fault] = []
    at = f"input.{transaction.wrapper}"
    outer, body = _unwrapped(given.get("input"), transaction, faults)
    values = table.read(transaction.fields, body, at, faults)
    if not isinstance(body, Mapping):
        raise Untranslatable(faults)
    values |= {name: head[name] for name in ("msgid", "fixmedins_code") if name in head}
    if "infno" in transaction.model.model_fields:
        values["infno"] = transaction.infno
    if issubclass(transaction.model, Bill):
        _read_bill(values, head, body, convention, at, faults)
    _read_lines(values, transaction, outer, faults)
    message = table.build(
        transaction.model, values, _names(transaction, at), faults, (*HEADER, *transaction.fields)
    )
    return Request(transaction.infno, transaction.short, message, head.get("inf_time"))


def _unwrapped(given: Any, transaction: Transaction, faults: list[Fault]) -> tuple[Any, Any]:
    """`input` as an object and the body within it; some senders write either as a text of JSON, or leave the wrapper out."""
    given = _from_text(given, "input", faults)
    if not isinstance(given, Mapping):
        return {}, given
    body = given.get(transaction.wrapper) or given.get("data") or given
    return given, _from_text(body, f"input.{transaction.wrapper}", faults)


def _from_text(given: Any, at: str, faults: list[Fault]) -> Any:
    """What a text of JSON says; anything else as it is."""
    if not isinstance(given, str):
        return given
    try:
        return parse(given)
    except ValueError as error:
        faults.append(Fault(at, str(error), '{"data": {}}' if at == "input" else "{}"))
        raise Untranslatable(faults) from None


def _read_bill(
    values: dict[str, Any], head: Mapping[str, Any], body: Any, convention: Convention, at: str, faults: list[Fault]
) -> None:  # fmt: skip
    if "insuplc_admdvs" in head:
        values["insuplc_admdvs"] = head["insuplc_admdvs"]
    if "inf_time" in head:
        values.setdefault("bill_at", head["inf_time"])
    paid = table.read(ACCOUNTS, body, at, faults)
    accounts = (
        convention.accounts(paid["acct_pay"], paid.get("acct_mulaid_pay", 0)) if "acct_pay" in paid else None
    )
    convention.normalise(values, accounts, at, faults)


def _read_lines(values: dict[str, Any], transaction: Transaction, outer: Any, faults: list[Fault]) -> None:
    if transaction.lines is None:
        return
    name, ours, fields = transaction.lines
    given = outer.get(name) or ()
    if not isinstance(given, list | tuple):
        faults.append(Fault(f"input.{name}", "应为数组 / is no list", "[]"))
        return
    if given or transaction.model.model_fields[ours].is_required():
        values[ours] = [table.read(fields, row, f"input.{name}.{n}", faults) for n, row in enumerate(given)]


def _names(transaction: Transaction, at: str) -> dict[str, str]:
    names = {field.here: f"{at}.{field.name}" for field in transaction.fields}
    names |= {field.here: field.name for field in HEADER}
    if transaction.lines is not None:
        names[transaction.lines[1]] = f"input.{transaction.lines[0]}"
    return names


def write_request(
    message: Message, infno: str, sent_at: datetime, convention: Convention, *, accounts: int = 0
) -> dict[str, Any]:
    """The national request of one of our messages. `accounts`: what accounts had paid, fen, where the region counts it as fund."""
    transaction = TRANSACTIONS[infno]
    values = {name: getattr(message, name) for name in type(message).model_fields}
    head = {name: values[name] for name in ("msgid", "fixmedins_code")} | {
        "infno": infno,
        "inf_time": sent_at,
    }
    if isinstance(message, Bill):
        head["insuplc_admdvs"] = message.insuplc_admdvs
        convention.denormalise(values, accounts)
    body = table.write(transaction.fields, values)
    if isinstance(message, Bill) and convention.account_in_fund:
        body |= table.write(ACCOUNTS, {"acct_pay": accounts, "acct_mulaid_pay": 0})
    sent: dict[str, Any] = {transaction.wrapper: body}
    if transaction.lines is not None and (rows := values[transaction.lines[1]]):
        sent[transaction.lines[0]] = [
            table.write(transaction.lines[2], {name: getattr(row, name) for name in type(row).model_fields})
            for row in rows
        ]
    return table.write(HEADER, head) | {"input": sent}
