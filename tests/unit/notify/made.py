"""Values for the unit tests of notify."""

from datetime import datetime, timedelta
from typing import Any

from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import ChannelKind, Relation, Terms
from shared.contracts.binding_screenings import Case, Party
from shared.testing.messages import MONDAY, uid


def state(
    kind: State = State.APPROVED,
    *,
    relation: Relation = Relation.PARENT,
    channel: ChannelKind = ChannelKind.APP,
    terms: Terms | None = None,
    at: datetime = MONDAY,
    known: bool = True,
    **fields: Any,
) -> BindingState:
    """The whole state of a binding; `known` False: the beneficiary was not confirmed."""
    party = Party(psn_no="3301000002", insuplc_admdvs="330100")
    case = Case(
        admdvs="330100",
        channel=channel,
        sponsor=Party(psn_no="3301000001", insuplc_admdvs="330100"),
        beneficiary=party if known else None,
        relation=relation,
        terms=terms or Terms(),
        requested_at=at - timedelta(hours=1),
    )
    usual: dict[str, Any] = {
        "binding_id": uid(1),
        "version": 3,
        "state": kind,
        "at": at,
        "origin": Origin(source="zheliban", id="r-1"),
        "round": 1,
        "case": case,
        "policy_version": "0" * 12,
    }
    return BindingState(**(usual | fields))
