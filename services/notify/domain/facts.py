"""From a message to what a template may say of it: the values of the variables of its kind, for one side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.notify.domain import words as w
from services.notify.domain.variables import KINDS
from shared.contracts.binding_decisions import BindingState, Period
from shared.contracts.binding_requests import Side, Terms
from shared.contracts.relations import OPPOSITE
from shared.contracts.settlement_results import (
    PremiumCancelled,
    PremiumPaid,
    Returned,
    Settled,
    Share,
    Transferred,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one notice tells. `at`: when it was decided; a value that is not there is not in `values`."""

    kind: str
    side: Side
    at: datetime
    in_person: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution as the registry names it."""

    version: int
    name: str


NOWHERE: Final[Mapping[str, Institution]] = MappingProxyType({})
_SAID_BY_MATERIALS: Final = "materials-missing"


def of_decision(kind: str, state: BindingState, side: Side) -> Facts:
    """The facts of a decision. Raises KeyError for a type that is not in `KINDS`."""
    case, terms = state.case, _present(state)
    everything: dict[str, Any] = {
        "relation": case.relation if side is Side.SPONSOR else OPPOSITE[case.relation],
        "at": state.at,
        "in_person": case.channel.in_person or None,
        "requested": case.requested_at,
        "due": state.due_at,
        "code": state.short_code,
        "materials": state.supplement,
        "reasons": tuple(r for r in state.reasons if not (state.supplement and r.code == _SAID_BY_MATERIALS)),
        "since": _since(kind, state),
        "uses": terms.scope,
        "limits": terms,
        "quota": terms.quota,
        "earmark": terms.earmark,
        "until": terms.enddate,
        "ends": state.effective[-1].end if state.effective and state.cause else None,
        "cause": state.cause,
    }
    return Facts(kind, side, state.at, case.channel.in_person, _of(kind, everything))


def of_settlement(
    kind: str,
    body: Settled | Returned | PremiumPaid | PremiumCancelled,
    own: Sequence[Share],
    places: Mapping[str, Institution] = NOWHERE,
) -> Facts:
    """The facts of a result for one sponsor. `own`: the shares of that account, in booking order; `places`: by `fixmedins_code`."""
    everything: dict[str, Any] = {
        "at": body.at,
        "amount": sum(share.amount for share in own),
        "relation": own[0].relation,
        "left": tuple(own),
        "place": None
        if isinstance(body, PremiumPaid | PremiumCancelled)
        else _place(body.fixmedins_code, places),
        "year": body.year if isinstance(body, PremiumPaid | PremiumCancelled) else None,
    }
    return Facts(kind, Side.SPONSOR, body.at, False, _of(kind, everything))


def of_offer(kind: str, body: Transferred, until: datetime) -> Facts:
    """The facts of an offered transfer for its receiver, who may accept it until `until`. Nothing of the giver's account."""
    relation = None if body.relation is None else OPPOSITE[body.relation]
    everything: dict[str, Any] = {"at": body.at, "amount": body.amount, "relation": relation, "due": until}
    return Facts(kind, Side.BENEFICIARY, body.at, False, _of(kind, everything))


def _of(kind: str, everything: Mapping[str, Any]) -> dict[str, Any]:
    known = KINDS[kind].known
    return {name: value for name, value in everything.items() if name in known and value not in (None, ())}


def _place(code: str, places: Mapping[str, Institution]) -> str | None:
    """The name of an institution, until it is known the kind."""
    known = places.get(code)
    return (known and w.plain(known.name)) or w.PLACE.get(code[:1])


def _present(state: BindingState) -> Terms:
    return state.terms[-1].terms if state.terms else state.case.terms


def _since(kind: str, state: BindingState) -> datetime:
    """From when what was decided holds: the binding, its suspension, the end of either."""
    periods: Sequence[Period] = state.suspended if kind in ("suspended", "resumed") else state.effective
    if not periods:
        return state.at
    last = periods[-1]
    return last.begin if kind in ("approved", "suspended") else last.end or state.at
