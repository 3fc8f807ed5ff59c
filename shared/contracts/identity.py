"""Who a person is: certificate type and normalised certificate number, in one spelling for every service.

Source: GB 11643 (18-digit numbers, MOD 11-2 of ISO 7064); 国办发〔2018〕81号 (residence permits use the same numbers);
国家医保 `psn_cert_type` dictionary. Test vectors: reference numbers published for validators of such numbers.
"""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from functools import lru_cache
from operator import mul

from pydantic import Field

from shared.contracts.base import Message
from shared.contracts.pii import CertificateNumber, PersonName


class CertType(StrEnum):
    """`psn_cert_type` 人员证件类型."""

    RESIDENT = "01"
    OFFICER = "02"
    POLICE_OFFICER = "03"
    HONG_KONG_PASS = "04"
    MACAU_PASS = "05"
    TAIWAN_PASS = "06"
    FOREIGN_PERMANENT = "07"
    FOREIGN_PASSPORT = "08"
    DISABILITY = "09"
    MARTYR_FAMILY = "10"
    FOREIGN_WORK = "11"
    FOREIGN_EXPERT = "12"
    FOREIGN_PRESS = "13"
    TAIWAN_HK_MACAU_WORK = "14"
    RETURNED_EXPERT = "15"
    PASSPORT = "16"
    RESIDENCE_PERMIT = "17"
    SOCIAL_SECURITY_CARD = "90"
    SECRET = "91"
    OTHER = "99"


CHECKED = frozenset({CertType.RESIDENT, CertType.RESIDENCE_PERMIT})


class Certificate(Message):
    """A person as a certificate names him or her."""

    psn_cert_type: CertType = Field(description="人员证件类型 / kind of certificate")
    certno: CertificateNumber = Field(description="证件号码 / certificate number")


class NamedPerson(Certificate):
    """A person as an applicant names him or her."""

    psn_name: PersonName = Field(description="人员姓名 / name as on the certificate")


@lru_cache(maxsize=65536)
def normalise(cert_type: str, number: str) -> str:
    """One spelling of a certificate number: ASCII, upper case, no blanks; 15 digits of a resident widened to 18.

    The number is not judged here: `fault` does that.
    """
    plain = number.isascii() and number.isalnum()  # nearly always
    text = (number if plain else "".join(unicodedata.normalize("NFKC", number).split())).upper()
    if cert_type in CHECKED and len(text) == 15 and _digits(text):
        body = f"{text[:6]}19{text[6:]}"
        return body + check_digit(body)
    return text


_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
_ZEROS = ord("0") * sum(_WEIGHTS)
_NUMBER = re.compile("[0-9]{17}[0-9X]")


def check_digit(body: str) -> str:
    """The 18th character for 17 digits. Every request has two numbers: a library's general loop would cost four times as much."""
    return "10X98765432"[(sum(map(mul, _WEIGHTS, body.encode())) - _ZEROS) % 11]


def fault(cert_type: str, number: str) -> str | None:
    """What is wrong with a normalised number, as a reason code, or `None`.

    Only the check digit and the date of birth are judged; the address code may be historic (GB/T 2260 changes).
    """
    if cert_type not in CHECKED:
        return None if 3 <= len(number) <= 50 else "certificate-length"
    if not _NUMBER.fullmatch(number):
        return "certificate-length"
    if check_digit(number[:17]) != number[17]:
        return "certificate-check-digit"
    return None if birth_date(cert_type, number) else "certificate-date"


def birth_date(cert_type: str, number: str) -> date | None:
    """Date of birth inside a normalised resident's number; `None` where there is none or it is impossible."""
    if cert_type not in CHECKED or len(number) != 18 or not _digits(number[6:14]):
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex(cert_type: str, number: str) -> str | None:
    """National `gend` of a normalised resident's number: `"1"` male, `"2"` female; `None` where it has none."""
    if cert_type not in CHECKED or len(number) != 18 or not _digits(number[16]):
        return None
    return "1" if int(number[16]) % 2 else "2"


def _digits(text: str) -> bool:
    """Only 0 to 9: Python takes more for digits than `int` can read."""
    return text.isascii() and text.isdigit()


def age_on(born: date, day: date) -> int:
    """Full years on `day`. Somebody born on 29 February turns a year older on 1 March of common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: width and blanks do not count, and `·` is written in several ways."""
    return one == other or _name(one) == _name(other)


_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅.・", "·"))


def _name(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_DOTS).casefold()
