"""Bindings of a case: the whole state of each, as the decisions that settlement follows carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from deploy.ledger.people import Person
from shared.contracts.base import yuan
from shared.contracts.binding_requests import Use
from shared.testing.messages import uid

SCOPE = (Use.OUTPATIENT.value, Use.INPATIENT.value, Use.PHARMACY.value)
"""What a binding allows unless the case says otherwise."""
_NAMES = {"uses": "scope", "first_day": "begndate", "last_day": "enddate"}


@dataclass
class Binding:
    """One binding with its history. `terms` are dated; times are aware."""

    number: int
    sponsor: Person
    beneficiary: Person
    since: datetime
    values: Mapping[str, Any]
    version: int = 0
    state: str = "approved"
    end: datetime | None = None
    pauses: list[list[datetime | None]] = field(default_factory=list)
    terms: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return uid(self.number)

    def agree(self, values: Mapping[str, Any], at: datetime) -> None:
        """Terms as from a time; what is not said stays."""
        first: dict[str, Any] = {"terms": {"scope": SCOPE}, "order": None}
        before = self.terms[-1] if self.terms else first
        said = {
            _NAMES.get(k, k): yuan(v) if k in ("quota", "earmark") else v
            for k, v in values.items()
            if k in ("uses", "quota", "earmark", "first_day", "last_day")
        }
        order = values.get("order", before["order"])
        self.terms.append({"since": at, "terms": before["terms"] | said, "order": order})

    def decision(self, at: datetime) -> dict[str, Any]:
        """The body of the next decision."""
        self.version += 1
        place = [p.facts.get("account_region", p.facts.get("region", p.region)) for p in (self.sponsor, self.beneficiary)]  # fmt: skip
        return {
            "binding_id": str(self.id), "version": self.version, "state": self.state, "at": at, "round": 1,
            "origin": {"source": "channel", "id": f"b{self.number}"}, "terms": self.terms, "policy_version": "case",
            "effective": [{"begin": self.since, "end": self.end}],
            "suspended": [{"begin": begin, "end": end} for begin, end in self.pauses],
            "case": {
                "admdvs": place[0], "channel": "app", "relation": self.values.get("as", "child"), "requested_at": self.since,
                "sponsor": {"psn_no": self.sponsor.psn_no, "insuplc_admdvs": place[0]}, "terms": self.terms[0]["terms"],
                "beneficiary": {"psn_no": self.beneficiary.psn_no, "insuplc_admdvs": place[1]},
                "mode": self.values.get("mode", "authorisation"),
            },
        }  # fmt: skip
