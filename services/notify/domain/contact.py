"""How a person can be reached, judged when it is sent: the registry may have changed since the decision."""

from dataclasses import dataclass
from datetime import date, datetime

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
    """One spelling of a telephone number, `+8613957100001`; None when it is none. Numbers without + are Chinese."""
    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
