"""Published records for notify: persons, decisions, settlements."""

from datetime import datetime, timedelta
from typing import Any

from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.contracts.binding_screenings import Case, Party
from shared.testing.identities import MadeUp, person
from shared.testing.messages import MONDAY, uid

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
