"""Persons and institutions as the registry knows them; only what a settlement needs, and no names of persons."""

import hashlib
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from pydantic_core import from_json, to_json

from shared.contracts.identity import normalise
from shared.contracts.registry import InstitutionRecorded, InsuranceStatus, PersonRecorded
from shared.policies.values import pooling_region

ENDED, DEAD = InsuranceStatus.ENDED.value, "2"


class Insured(NamedTuple):
    """One row of insurance: kind, status (`psn_insu_stas`) and pooling region."""

    insutype: str
    status: str
    region: str


class Filing(NamedTuple):
    """A filing to be treated elsewhere: region (a province's code stands for all of it), first and last day as ISO dates (`None`: for good)."""

    region: str
    begin: str
    end: str | None


class Person(NamedTuple):
    """A registered person. `cert` is a digest of the certificate number, so that no number is stored; `died`: the registered day of
    death, the first day there is where only the death is registered."""

    psn_no: str
    version: int
    cert: bytes
    alive: bool
    insured: tuple[Insured, ...]
    died: date | None = None
    filings: tuple[Filing, ...] = ()

    def insured_in(self, region: str) -> bool:
        """Whether the registry has an insurance in the pooling region of a code; one that has ended counts only where there is none
        other. A person without any insurance contradicts nobody."""
        rows = self.insured
        for row in rows:
            if row.region == region and row.status != ENDED:
                return True
        pool = pooling_region(region)
        standing = [r for r in rows if r.status != ENDED] or rows
        return not standing or any(pooling_region(r.region) == pool for r in standing)

    def filed(self, region: str, day: date) -> bool:
        """Whether a filing covers care in a region on a day."""
        on = day.isoformat()
        return any(f.begin <= on and (f.end is None or on <= f.end) and covers_region(f.region, region) for f in self.filings)  # fmt: skip


class Institution(NamedTuple):
    """A designated institution; `source` is the only system that may bill for it, where the registry names one. `name` is kept for
    statements and read by them alone: here it is only what a record brings."""

    fixmedins_code: str
    version: int
    pharmacy: bool
    admdvs: str
    designated: bool
    suspended_from: datetime | None
    suspended_to: datetime | None
    source: str | None
    name: str | None = None

    def open_at(self, at: datetime) -> bool:
        """Whether it is designated and not suspended at a time."""
        if not self.designated:
            return False
        begin, end = self.suspended_from, self.suspended_to
        return begin is None or at < begin or (end is not None and at >= end)


def covers_region(wide: str, region: str) -> bool:
    """Whether a region lies in another: 310000 has 310104 in it, 330100 has 330106."""
    if wide.endswith("0000"):
        return wide[:2] == region[:2]
    return wide[:4] == region[:4] if wide.endswith("00") else wide == region


@lru_cache(maxsize=65536)
def digest(number: str) -> bytes:
    """16 bytes that stand for a certificate number, whatever its notation (15 digits, full width, small x)."""
    return hashlib.blake2b(normalise("01", number).encode(), digest_size=16, person=b"gongji-cert").digest()


def person_of(body: PersonRecorded) -> Person:
    """What settlement keeps of a registry record."""
    number = digest(normalise(body.psn_cert_type, body.certno))
    insured = tuple(Insured(i.insutype, i.psn_insu_stas.value, i.insuplc_admdvs) for i in body.insurances)
    died = body.death_date or (date.min if body.surv_stas == DEAD else None)
    filings = tuple(
        Filing(f.mdtrtarea_admdvs, f.begndate.isoformat(), f.enddate.isoformat() if f.enddate else None)
        for f in body.filings
    )
    return Person(body.psn_no, body.version, number, body.surv_stas == "1", insured, died, filings)


def institution_of(body: InstitutionRecorded) -> Institution:
    """What settlement keeps of a registry record."""
    return Institution(
        body.fixmedins_code, body.version, body.kind.value == "pharmacy", body.admdvs, body.designated,
        body.suspended_from, body.suspended_to, body.source, body.fixmedins_name,
    )  # fmt: skip


def rows_text(rows: tuple[Insured, ...] | tuple[Filing, ...]) -> str:
    """Insurance rows or filings as JSON."""
    return to_json(rows).decode() if rows else "[]"


@lru_cache(maxsize=4096)
def read_filings(text: str) -> tuple[Filing, ...]:
    """The filings that `rows_text` wrote."""
    return tuple(Filing(*row) for row in from_json(text))


@lru_cache(maxsize=4096)
def read_insured(text: str) -> tuple[Insured, ...]:
    """The insurance rows that `rows_text` wrote."""
    return tuple(Insured(*row) for row in from_json(text))
