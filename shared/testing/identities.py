"""Made-up persons whose certificate numbers are well formed and cannot be anybody's.

A number's area code ends in 99, which no county has ever had (GB/T 2260), so its check digit is right and its owner does not exist.
Persons are made by number: the same call gives the same person in every process.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Self

from stdnum.iso7064 import mod_11_2

from shared.contracts.binding_requests import Beneficiary, Sponsor
from shared.contracts.identity import Certificate, CertType
from shared.contracts.registry import Insurance, InsuranceStatus, PersonRecorded

_BIRTHDAYS = 9000  # different ones; after so many persons the serial number tells them apart
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = ("秀英", "建国", "桂兰", "志强", "丽娟", "晓明", "雪梅", "海涛", "欣怡", "子轩", "玉珍", "国华")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A made-up person. `insurances` are rows of the registry; `tel` decides the fate of notices by its last two digits."""

    psn_no: str
    certno: str
    psn_name: str
    gend: str
    brdy: date
    tel: str
    insurances: tuple[Insurance, ...]
    psn_cert_type: CertType = CertType.RESIDENT
    surv_stas: str = "1"
    death_date: date | None = None

    @property
    def admdvs(self) -> str:
        """Where the first insurance row is."""
        return self.insurances[0].insuplc_admdvs if self.insurances else "330100"

    @property
    def subject_sha256(self) -> str:
        """How a face check names the person."""
        return sha256(f"{self.psn_cert_type}|{self.certno}".encode()).hexdigest()

    def but(self, **changes: Any) -> Self:
        """The same person with other data."""
        return replace(self, **changes)

    def certificate(self) -> Certificate:
        return Certificate(psn_cert_type=self.psn_cert_type, certno=self.certno)

    def as_sponsor(self, **changes: Any) -> Sponsor:
        """As the person names himself or herself in a request."""
        fields = self._named() | {"psn_no": self.psn_no, "tel": self.tel or None} | changes
        return Sponsor(**fields)

    def as_beneficiary(self, **changes: Any) -> Beneficiary:
        """As a relative names the person: by certificate, without `psn_no`."""
        row = self.insurances[0] if self.insurances else None
        declared = {"insuplc_admdvs": row.insuplc_admdvs, "insutype": row.insutype} if row else {}
        return Beneficiary(**(self._named() | declared | changes))

    def recorded(self, version: int = 1, **changes: Any) -> PersonRecorded:
        """The record of `registry.persons`."""
        fields = self._named() | {
            "psn_no": self.psn_no,
            "version": version,
            "gend": self.gend,
            "brdy": self.brdy,
            "surv_stas": self.surv_stas,
            "death_date": self.death_date,
            "tel": self.tel or None,
            "insurances": self.insurances,
        }
        return PersonRecorded(**(fields | changes))

    def _named(self) -> dict[str, Any]:
        return {"psn_cert_type": self.psn_cert_type, "certno": self.certno, "psn_name": self.psn_name}


def certno(born: date, *, sex: str = "1", area: str = "330199", serial: int = 0) -> str:
    """An 18-digit number with a right check digit. `sex` is `gend` ("1" male, "2" female); `serial` 0 to 499 tells apart."""
    order = serial * 2 % 1000 + (1 if sex == "1" else 0)
    body = f"{area}{born:%Y%m%d}{order:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


def insurance(insutype: str = "310", admdvs: str = "330100", **changes: Any) -> Insurance:
    """An insurance row in normal status; 310 (employees) comes with a balance of 3,000 yuan."""
    own = {"balc": 300_000, "balc_date": date(2026, 10, 31)} if insutype == "310" else {}
    fields = (
        {"insutype": insutype, "psn_insu_stas": InsuranceStatus.NORMAL, "insuplc_admdvs": admdvs}
        | own
        | changes
    )
    return Insurance(**fields)


def person(
    number: int,
    *,
    sex: str | None = None,
    born: date | None = None,
    name: str | None = None,
    admdvs: str = "330100",
    insutype: str = "310",
    tel: str | None = None,
    psn_no: str | None = None,
    **insured: Any,
) -> MadeUp:
    """The made-up person of that number: adult, insured in `admdvs`, alive, reachable, unless told otherwise.

    One number is one person, whichever function made it. Odd numbers are men, even ones women. `insured` goes into the insurance row (`psn_insu_stas`, `arrears`, `balc` ...).
    """
    gend = sex or ("1" if number % 2 else "2")
    birthday = born or date(1970, 1, 1) + timedelta(days=number * 97 % _BIRTHDAYS)
    return MadeUp(
        psn_no=psn_no or f"{admdvs[:4]}{number:014d}",
        certno=certno(birthday, sex=gend, area=f"{admdvs[:4]}99", serial=number + number // _BIRTHDAYS),
        psn_name=name or _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number % len(_GIVEN)],
        gend=gend,
        brdy=birthday,
        tel=tel or f"138{number // 80:06d}{number % 80:02d}",
        insurances=(insurance(insutype, admdvs, **insured),),
    )


def adult(number: int, **options: Any) -> MadeUp:
    """A person with employee insurance, who may be a sponsor."""
    return person(number, **options)


def elder(number: int, **options: Any) -> MadeUp:
    """A person of about 82 with residents' insurance."""
    return _resident(number, date(1944, 3, 1), options)


def child(number: int, **options: Any) -> MadeUp:
    """A person of about 10 with residents' insurance."""
    return _resident(number, date(2016, 3, 1), options)


def _resident(number: int, first: date, options: dict[str, Any]) -> MadeUp:
    usual: dict[str, Any] = {"insutype": "390", "born": first + timedelta(days=number % 200)}
    return person(number, **(usual | options))


__all__ = ["MadeUp", "adult", "certno", "child", "elder", "insurance", "person"]
