"""A person as the rules see him or her: what the registry says, made of all records of one certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from shared.contracts.binding_screenings import Fact
from shared.contracts.identity import Certificate, normalise, same_name, sex
from shared.contracts.registry import Insurance, InsuranceStatus, PersonRecorded

_DEAD = "2"
_RANK = {InsuranceStatus.NORMAL: 0, InsuranceStatus.PAUSED: 1, InsuranceStatus.ENDED: 2}


def person_key(certificate: Certificate) -> bytes:
    """The stable key of a person in every table: SHA-256 of `psn_cert_type|certno` in its one spelling (32 bytes)."""
    return _key(certificate.psn_cert_type, certificate.certno)


@lru_cache(maxsize=65536)
def _key(kind: str, number: str) -> bytes:
    return hashlib.sha256(f"{kind}|{normalise(kind, number)}".encode()).digest()


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
        return any(r.surv_stas == _DEAD for r in self.records)

    @property
    def sex(self) -> str | None:
        """`"1"` or `"2"`, from the certificate where it says so, else from the registry."""
        first = self.records[0]
        kind = first.psn_cert_type
        return sex(kind, normalise(kind, first.certno)) or (first.gend if first.gend in "12" else None)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(Fact(kind="person", key=r.psn_no, version=r.version) for r in self.records)

    def named(self, name: str) -> bool:
        """Whether some record of the certificate bears this name."""
        return any(same_name(name, r.psn_name) for r in self.records)

    def best(self, kinds: frozenset[str]) -> Insurance | None:
        """The insurance row that counts among these `insutype`: normal before paused before ended, then without arrears.

        A person has several rows, in any order; the 310 row makes a sponsor wherever it stands.
        """
        rows = [row for r in self.records for row in r.insurances if row.insutype in kinds]
        return min(rows, key=_preference, default=None)


def _preference(row: Insurance) -> tuple[int, bool, str]:
    return _RANK[row.psn_insu_stas], row.arrears, row.insutype


def merged(records: Sequence[PersonRecorded], psn_no: str | None = None) -> tuple[PersonRecorded, ...]:
    """All records of one person: the one of `psn_no` first, then the newest versions."""
    return tuple(sorted(records, key=lambda r: (r.psn_no != psn_no, -r.version, r.psn_no)))
