"""Persons and institutions as the registry knows them; only what a settlement needs, and no names."""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from pydantic_core import from_json, to_json

from shared.contracts.identity import normalise
from shared.contracts.registry import InstitutionRecorded, PersonRecorded


class Insured(NamedTuple):
    """One row of insurance: kind, status (`psn_insu_stas`) and pooling region."""

    insutype: str
    status: str
    region: str


class Person(NamedTuple):
    """A registered person. `cert` is a digest of the certificate number, so that no number is stored."""

    psn_no: str
    version: int
    cert: bytes
    alive: bool
    insured: tuple[Insured, ...]


class Institution(NamedTuple):
    """A designated institution; `source` is the only system that may bill for it, where the registry names one."""

    fixmedins_code: str
    version: int
    pharmacy: bool
    admdvs: str
    designated: bool
    suspended_from: datetime | None
    suspended_to: datetime | None
    source: str | None

    def open_at(self, at: datetime) -> bool:
        """Whether it is designated and not suspended at a time."""
        if not self.designated:
            return False
        begin, end = self.suspended_from, self.suspended_to
        return begin is None or at < begin or (end is not None and at >= end)


@lru_cache(maxsize=65536)
def digest(number: str) -> bytes:
    """16 bytes that stand for a certificate number, whatever its notation (15 digits, full width, small x)."""
    return hashlib.blake2b(normalise("01", number).encode(), digest_size=16, person=b"gongji-cert").digest()


def person_of(body: PersonRecorded) -> Person:
    """What settlement keeps of a registry record."""
    number = digest(normalise(body.psn_cert_type, body.certno))
    insured = tuple(Insured(i.insutype, i.psn_insu_stas.value, i.insuplc_admdvs) for i in body.insurances)
    return Person(body.psn_no, body.version, number, body.surv_stas == "1", insured)


def institution_of(body: InstitutionRecorded) -> Institution:
    """What settlement keeps of a registry record."""
    return Institution(
        body.fixmedins_code, body.version, body.kind.value == "pharmacy", body.admdvs, body.designated,
        body.suspended_from, body.suspended_to, body.source,
    )  # fmt: skip


def insured_text(insured: tuple[Insured, ...]) -> str:
    """Insurance rows as JSON."""
    return to_json(insured).decode()


@lru_cache(maxsize=4096)
def read_insured(text: str) -> tuple[Insured, ...]:
    """The inverse of `insured_text`."""
    return tuple(Insured(*row) for row in from_json(text))
