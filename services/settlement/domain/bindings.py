"""A binding as settlement follows it: who may pay for whom, when, for which uses and up to which sum."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from shared.clock import BEIJING
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import Use

FOREVER = float("inf")
FINAL = frozenset(state.value for state in State if state.final)
OFFERED_MODE = "authorisation"
"""The mode in which money stays with the sponsor until a bill."""
EARMARK_MODE = "earmark"
"""The mode in which an amount of the sponsor's account is set apart for the beneficiary (`domain/earmarks.py`)."""
TRANSFER_MODE = "transfer"
"""The mode in which money moves to the beneficiary's wallet before there is a bill (`domain/transfers.py`)."""


class Terms(NamedTuple):
    """Terms as from `since` (seconds since 1970). `quota` in fen per period, `earmark` the fen to be set apart; dates are Beijing
    dates, both inclusive."""

    since: float
    uses: frozenset[str]
    quota: int | None
    begndate: date | None
    enddate: date | None
    order: int | None
    earmark: int | None = None


class Facts(NamedTuple):
    """The dated part of a binding and its mode: half-open periods in seconds since 1970, terms oldest first."""

    effective: tuple[tuple[float, float], ...]
    suspended: tuple[tuple[float, float], ...]
    terms: tuple[Terms, ...]
    mode: str = OFFERED_MODE

    @property
    def bound_since(self) -> float:
        """The begin of the first effective period; `FOREVER` when it was never effective."""
        return self.effective[0][0] if self.effective else FOREVER

    def terms_at(self, second: float) -> Terms | None:
        """The terms in force at a time; the oldest for a time before all of them."""
        found = None
        for terms in self.terms:
            if found is None or terms.since <= second:
                found = terms
        return found


class Binding:
    """One binding in memory. `usage` is the quota used by period (see `accounts.period_key`)."""

    __slots__ = (
        "beneficiary",
        "binding_id",
        "changed",
        "facts",
        "relation",
        "sponsor",
        "state",
        "text",
        "usage",
        "version",
    )

    def __init__(
        self, binding_id: UUID, sponsor: str, beneficiary: str, version: int, state: str, relation: str,
        text: str, usage: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.binding_id, self.sponsor, self.beneficiary = binding_id, sponsor, beneficiary
        self.version, self.state, self.relation, self.text = version, state, relation, text
        self.facts = read_facts(text)
        self.usage = dict(usage) if usage else {}
        self.changed = False


def covers(periods: tuple[tuple[float, float], ...], second: float) -> bool:
    """Whether one of the half-open periods contains the time."""
    for begin, end in periods:  # noqa: SIM110 - a generator costs more than the comparison
        if begin <= second < end:
            return True
    return False


def effective_at(binding: Binding, second: float) -> str | None:
    """`None` when the binding counts at a time (seconds since 1970), else why not: `not-effective` or `suspended`.

    A binding that is known as ended pays nothing new, even for a time before its end: the message that ended it was read
    before the locks were taken, so the sponsor has been told that it is over.
    """
    if binding.state in FINAL:
        return "not-effective"
    facts = binding.facts
    if not covers(facts.effective, second):
        return "not-effective"
    if facts.suspended and covers(facts.suspended, second):
        return "suspended"
    terms = facts.terms_at(second)
    if terms is None:
        return "not-effective"
    if terms.begndate or terms.enddate:
        day = datetime.fromtimestamp(second, BEIJING).date()
        if (terms.begndate and day < terms.begndate) or (terms.enddate and day > terms.enddate):
            return "not-effective"
    return None


def use_of(med_type: str, pharmacy: bool) -> str:
    """Which use of a binding's scope a bill is: national `med_type` 41 is a pharmacy, 2x and 52 are inpatient care."""
    if pharmacy or med_type.startswith("41"):
        return Use.PHARMACY.value
    if med_type.startswith(("2", "52")):
        return Use.INPATIENT.value
    return Use.OUTPATIENT.value


def facts_text(body: BindingState) -> str:
    """The dated part of a decision as the compact JSON that `read_facts` reads."""
    terms = [
        [
            t.since.timestamp(),
            [str(u) for u in t.terms.scope],
            t.terms.quota,
            t.terms.begndate,
            t.terms.enddate,
            t.order,
            *((t.terms.earmark,) if t.terms.earmark else ()),
        ]
        for t in body.terms
    ]
    parts: list[object] = [_periods(body.effective), _periods(body.suspended), terms]
    if body.case.mode != OFFERED_MODE:
        parts.append(body.case.mode)
    return to_json(parts).decode()


def _periods(periods: tuple[object, ...]) -> list[list[float | None]]:
    return [[p.begin.timestamp(), p.end.timestamp() if p.end else None] for p in periods]  # type: ignore[attr-defined]


@lru_cache(maxsize=65536)
def read_facts(text: str) -> Facts:
    """The inverse of `facts_text`."""
    effective, suspended, terms, *mode = from_json(text)
    return Facts(
        tuple(sorted((b, FOREVER if e is None else e) for b, e in effective)),
        tuple(sorted((b, FOREVER if e is None else e) for b, e in suspended)),
        tuple(
            Terms(
                since,
                frozenset(uses),
                quota,
                begin and date.fromisoformat(begin),
                end and date.fromisoformat(end),
                order,
                *earmark,
            )
            for since, uses, quota, begin, end, order, *earmark in terms
        ),
        *mode,
    )
