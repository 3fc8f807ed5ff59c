"""How a person can be reached, judged when it is sent: the registry may have changed since the decision."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import phonenumbers

from shared.clock import BEIJING

CHILD = 14  # full years; a younger beneficiary is told through the sponsor (个人信息保护法 art. 31)


@dataclass(frozen=True, slots=True)
class Person:
    """What notify keeps of `registry.persons`."""

    psn_no: str
    version: int
    tel: str | None
    no_sms: bool
    dead: bool
    born: date
    surname: str | None = None
    language: str = "zh"
    optional_notices: bool | None = None  # wants the optional kinds; None: never said


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why nothing can be sent: `person-unknown` (may still come), `deceased`, `child`, `no-number`, `number-invalid`."""

    reason: str


def contact(person: Person | None, now: datetime) -> str | Unreachable:
    """The number in E.164, or why there is none."""
    if person is None:
        return Unreachable("person-unknown")
    if person.dead:
        return Unreachable("deceased")
    if is_child(person, now):
        return Unreachable("child")
    if not person.tel:
        return Unreachable("no-number")
    return e164(person.tel) or Unreachable("number-invalid")


def is_child(person: Person, now: datetime) -> bool:
    """Younger than 14 on the Beijing date of `now`."""
    today = now.astimezone(BEIJING).date()
    born = person.born
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < CHILD


def e164(number: str) -> str | None:
    """One spelling of a telephone number, `+8613957100001`; None when it is none. Numbers without + or 00 are Chinese.

    `+86`, `0086`, full-width digits, spaces, brackets and dashes are spellings of the same number. A number with an extension is
    none: whoever answers first is not the person.
    """
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", number), "CN")
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


class Line(StrEnum):
    """What kind of number it is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    OTHER = "other"  # hotlines, short numbers, numbers nobody was given


_CHINA: Final = 86
_MOBILE: Final = re.compile(r"\+861[3-9][0-9]{9}")
"""All eleven digits that a person's mobile may have: prefixes are opened faster than lists of them are published."""


def line(number: str) -> Line:
    """What kind of number this is, in E.164."""
    if _MOBILE.fullmatch(number):
        return Line.MOBILE
    parsed = phonenumbers.parse(number)
    if parsed.country_code != _CHINA:
        return Line.FOREIGN
    fixed = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE
    return Line.LANDLINE if fixed else Line.OTHER


def wanted(person: Person | None, optional: bool, unasked: bool) -> bool:
    """Whether a person is told of this kind. `optional`: the kind may be declined; `unasked`: told also to who has never said.

    Who wants no texts has declined what nobody must be told, unless he or she asked for it.
    """
    if not optional or person is None:
        return True
    if person.optional_notices is not None:
        return person.optional_notices
    return unasked and not person.no_sms
