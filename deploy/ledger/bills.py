"""The body of a bill from a step of a case: national names, what the step leaves out filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.ledger.people import Institution, Person
from deploy.policy import fields, words
from deploy.policy.fields import CaseError
from shared.contracts.base import yuan
from shared.contracts.settlement_requests import ItemCategory

_OUTSIDE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")
_PARTS = ("medfee_sumamt", "fund_pay_sumamt", "hosp_part_amt", "inscp_scp_amt", *_OUTSIDE)
BILL: dict[str, fields.Parser] = dict.fromkeys(_PARTS, words.money) | {
    "med_type": fields.text, "infno": fields.text, "mdtrt_id": fields.text, "insuplc_admdvs": fields.region,
    "bill_at": fields.moment, "use_accounts": fields.flag, "credential_type": fields.text,
}  # fmt: skip
"""Keys of `settle` and `quote`."""
_LINE_OUTSIDE = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt")
_LINE: dict[str, fields.Parser] = dict.fromkeys(("det_item_fee_sumamt", "inscp_scp_amt", *_LINE_OUTSIDE), words.money) | {
    "category": fields.one_of({c.value: c.value for c in ItemCategory}), "med_chrgitm_type": fields.text,
}  # fmt: skip
CANCELS = {"2207": "2208", "2102": "2103", "2304": "2305"}
"""Which transaction takes which back."""


def request_fields(*names: str) -> dict[str, fields.Parser]:
    """Keys of a request as texts: what the step says in place of what is known of the original."""
    return dict.fromkeys(names, fields.text)


def feedetail(value: Any, where: str) -> tuple[dict[str, Any], ...]:
    """Lines of a bill; what is in scope is the rest of a line's sum unless it is said. Raises `CaseError`."""
    if not isinstance(value, list):
        raise CaseError(f"{where}: {fields.shown(value)}: expected a list of lines")
    lines = []
    for n, one in enumerate(value, start=1):
        found = fields.read(one, _LINE, f"{where} {n}", need=("det_item_fee_sumamt",))
        rest = found["det_item_fee_sumamt"] - sum(found.get(name, 0) for name in _LINE_OUTSIDE)
        amounts = {"inscp_scp_amt": rest} | found
        said = {k: yuan(v) if isinstance(v, int) else v for k, v in amounts.items()}
        lines.append({"feedetl_sn": str(n)} | said)
    return tuple(lines)


def infno_of(verb: str, options: Mapping[str, Any], place: Institution) -> str:
    """The national transaction of a bill: 2102 at a pharmacy, 2304 for a stay, 2207 otherwise, 2206 for a quote."""
    if "infno" in options:
        return str(options["infno"])
    if verb == "quote":
        return "2206"
    if place.kind == "pharmacy":
        return "2102"
    return "2304" if str(options.get("med_type", "")).startswith(("2", "52")) else "2207"


def bill_of(
    verb: str, options: Mapping[str, Any], patient: Person, place: Institution, card: Person
) -> dict[str, Any]:
    """The body without its address fields. What is in scope is the total less everything else, unless it is said."""
    amounts = {name: options[name] for name in _PARTS if name in options}
    total = amounts.get("medfee_sumamt", 0)
    rest = total - amounts.get("hosp_part_amt", 0) - sum(amounts.get(n, 0) for n in _OUTSIDE)
    amounts.setdefault("inscp_scp_amt", rest)
    body = {name: yuan(amount) for name, amount in amounts.items()}
    if rest < 0 and "raw" not in options:
        raise CaseError(
            "the parts of the bill are more than its medfee_sumamt; say inscp_scp_amt where that is meant"
        )
    if "hold_minutes" in options:
        body["hold_minutes"] = options["hold_minutes"]
    return body | {
        "infno": infno_of(verb, options, place), "mdtrt_id": options.get("mdtrt_id", "V1"),
        "mdtrt_cert_type": options.get("credential_type", "02"), "mdtrt_cert_no": card.certno,
        "med_type": options.get("med_type", "41" if place.kind == "pharmacy" else "11"),
        "insuplc_admdvs": options.get("insuplc_admdvs", patient.facts.get("region", patient.region)),
        "acct_used_flag": "1" if options.get("use_accounts", True) else "0",
        "feedetail": options.get("feedetail", ()),
    }  # fmt: skip
