"""A person as the rules see him or her: what the registry says, made of all records of one certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.eligibility.domain.certificates import Said, said
from shared.contracts.binding_screenings import Fact
from shared.contracts.identity import Certificate, same_name
from shared.contracts.registry import Insurance, InsuranceStatus, PersonRecorded

_DEAD = "2"
_SEXES = frozenset({"1", "2"})
_RANK = {InsuranceStatus.NORMAL: 0, InsuranceStatus.PAUSED: 1, InsuranceStatus.ENDED: 2}


def person_key(certificate: Certificate) -> bytes:
    """The stable key of a person in every table."""
    return said(certificate.psn_cert_type, certificate.certno).key


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `records` are all registry records of the certificate, the one asked for (or the newest) first."""

    key: bytes
    records: tuple[PersonRecorded, ...]
    frozen: bool = False  # the authority froze the account
    closed: bool = False
    opened: bool = False  # opened a family account

    @property
    def psn_no(self) -> str:
        return self.records[0].psn_no

    @property
    def born(self) -> date:
        return self.records[0].brdy

    @property
    def dead(self) -> bool:
        return _DEAD in [r.surv_stas for r in self.records]

    @property
    def sex(self) -> str | None:
        """`"1"` or `"2"`, from the certificate where it says so, else from the registry."""
        gend = self.records[0].gend
        return self._certificate().sex or (gend if gend in _SEXES else None)

    @property
    def other_sex(self) -> bool:
        """Whether certificate and registry name different sexes."""
        own = self._certificate().sex
        return own is not None and not {own}.issuperset([r.gend for r in self.records if r.gend in _SEXES])

    @property
    def other_birth(self) -> bool:
        """Whether certificate and registry name different dates of birth."""
        own = self._certificate().born
        return own is not None and not {own}.issuperset([r.brdy for r in self.records])

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple([Fact(kind="person", key=r.psn_no, version=r.version) for r in self.records])

    def named(self, name: str) -> bool:
        """Whether some record of the certificate bears this name."""
        return True in [same_name(name, r.psn_name) for r in self.records]

    def best(self, kinds: frozenset[str]) -> Insurance | None:
        """The insurance row that counts among these `insutype`: normal before paused before ended, then without arrears.

        A person has several rows, in any order; the 310 row makes a sponsor wherever it stands.
        """
        rows = [row for r in self.records for row in r.insurances if row.insutype in kinds]
        return rows[0] if len(rows) == 1 else min(rows, key=_preference, default=None)

    def equals(self, best: Insurance, kinds: frozenset[str]) -> list[Insurance]:
        """All rows of these `insutype` that are as good as the best: a person may be insured twice."""
        rows = (row for r in self.records for row in r.insurances if row.insutype in kinds)
        return [row for row in rows if _preference(row)[:2] == _preference(best)[:2]]

    def _certificate(self) -> Said:
        return said(self.records[0].psn_cert_type, self.records[0].certno)


def of_category(row: Insurance, categories: frozenset[str]) -> bool:
    """Whether the row's `psn_type` is one of these, or begins with one of them. An unknown one is none."""
    return bool(categories) and row.psn_type is not None and row.psn_type.startswith(tuple(categories))


def _preference(row: Insurance) -> tuple[int, bool, str]:
    return _RANK[row.psn_insu_stas], row.arrears, row.insutype


def merged(records: Sequence[PersonRecorded], psn_no: str | None = None) -> tuple[PersonRecorded, ...]:
    """All records of one person: the one of `psn_no` first, then the newest versions."""
    if len(records) == 1:
        return (records[0],)
    return tuple(sorted(records, key=lambda r: (r.psn_no != psn_no, -r.version, r.psn_no)))
