"""Published records for notify: persons, decisions, settlements."""

from datetime import datetime, timedelta
from typing import Any

from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.contracts.binding_screenings import Case, Party
from shared.contracts.settlement_results import Holder, Returned, Settled, Share
from shared.testing.identities import MadeUp, person
from shared.testing.messages import MONDAY, msgid, uid

REGION = "370900"


def reachable(number: int, fate: str = "01", **options: Any) -> MadeUp:
    """A person whose telephone has the fate of these last two digits."""
    return person(number, tel=f"1395383{number:02d}{fate}", admdvs=REGION, **options)


def decision(
    number: int,
    sponsor: MadeUp,
    beneficiary: MadeUp | None = None,
    *,
    state: State = State.APPROVED,
    version: int = 2,
    at: datetime = MONDAY,
    source: str = "website",
    channel: ChannelKind = ChannelKind.APP,
    region: str = REGION,
    **fields: Any,
) -> BindingState:
    """The whole state of binding `number`."""
    case = Case(
        admdvs=region,
        channel=channel,
        sponsor=Party(psn_no=sponsor.psn_no, insuplc_admdvs=region),
        beneficiary=Party(psn_no=beneficiary.psn_no, insuplc_admdvs=region) if beneficiary else None,
        relation=Relation.PARENT,
        terms={},
        requested_at=at - timedelta(minutes=1),
    )
    usual: dict[str, Any] = {
        "binding_id": uid(number),
        "version": version,
        "state": state,
        "at": at,
        "origin": Origin(source=source, id=f"request-{number}"),
        "round": 1,
        "case": case,
        "policy_version": "0" * 12,
    }
    return BindingState(**(usual | fields))


def _booked(sponsor: MadeUp, setl_id: str, number: int, institution: str) -> dict[str, Any]:
    share = Share(
        holder=Holder.SPONSOR, psn_no=sponsor.psn_no, segment="current", amount=1250, balance_after=100, admdvs=REGION,
        relation=Relation.PARENT,
    )  # fmt: skip
    return {
        "setl_id": setl_id, "number": number, "msgid": msgid(), "infno": "2207", "at": MONDAY, "shares": (share,),
        "origin": Origin(source="his-first", id=setl_id), "fixmedins_code": institution, "psn_no": "33010000000000000099",
        "acct_pay": 0, "acct_mulaid_pay": 1250, "psn_cash_pay": 0,
    }  # fmt: skip


def settled(sponsor: MadeUp, setl_id: str = "S1", *, institution: str = "H33010000001") -> Settled:
    """A bill of which the sponsor's account paid 12.50 yuan."""
    return Settled(
        **_booked(sponsor, setl_id, 1, institution), mdtrt_id="M1", med_type="11", medfee_sumamt=1250, fund_pay_sumamt=0,
        hosp_part_amt=0, policy_version="0",
    )  # fmt: skip


def returned(
    kind: type[Returned], sponsor: MadeUp, setl_id: str = "S1", *, institution: str = "H33010000001"
) -> Returned:
    """The same, given back."""
    return kind(**_booked(sponsor, setl_id, 2, institution))
