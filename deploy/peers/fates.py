"""What happens to a number on the stand-in SMS centre and telephone: one table of last two digits for both.

| last two digits | text message | telephone call | who that is |
|---|---|---|---|
| 90 | permanent failure (receipt UNDELIV) | 404 invalid | number that was given up |
| 91 | refused at once (bad destination) | answers, presses 1 | a landline |
| 92 | EXPIRED (switched off) | answers, presses 1 | unreachable by text, reachable by call |
| 93 | throttled twice, then delivered | answers, presses 1 | a busy provider |
| 94 | EXPIRED | busy | never reached: somebody must go there |
| 95 | EXPIRED | rings, no answer | never reached |
| 96 | EXPIRED | declines | never reached |
| 97 | EXPIRED | answers, hangs up early | never reached |
| 98 | delivered, receipt after a while | answers after a long ring, presses 1 | slow |
| 99 | accepted, no receipt ever | answers, presses nothing | silence |
| 89 | EXPIRED | busy the first time, then answers and presses 1 | second call reaches |
| 88 | submit never answered (outcome unknown) | answers, presses 1 | provider hangs |
| 87 | EXPIRED | answers, presses 1, has it said again with 2 | hard of hearing |
| 86 | EXPIRED | 480 not available | switched off |
| 85 | delivered | answers, presses 1, is put through to another place while listening | a switchboard |
| all others | delivered | answers, presses 1 | |
"""

from dataclasses import dataclass
from enum import StrEnum


class Sms(StrEnum):
    """Fate of a text message."""

    DELIVERED = "delivered"
    PERMANENT = "permanent"
    REFUSED = "refused"
    EXPIRED = "expired"
    THROTTLED = "throttled"
    SLOW = "slow"
    SILENT = "silent"
    HANGS = "hangs"


class Call(StrEnum):
    """Fate of a telephone call."""

    CONFIRMS = "confirms"
    INVALID = "invalid"
    BUSY = "busy"
    BUSY_ONCE = "busy-once"
    NO_ANSWER = "no-answer"
    DECLINES = "declines"
    HANGS_UP = "hangs-up"
    SLOW = "slow"
    SILENT = "silent"
    REPEATS = "repeats"
    OFF = "off"
    MOVES = "moves"


@dataclass(frozen=True, slots=True)
class FateOfNumber:
    """Both fates of one number."""

    sms: Sms
    call: Call


TABLE: dict[str, FateOfNumber] = {
    "85": FateOfNumber(Sms.DELIVERED, Call.MOVES),
    "86": FateOfNumber(Sms.EXPIRED, Call.OFF),
    "87": FateOfNumber(Sms.EXPIRED, Call.REPEATS),
    "88": FateOfNumber(Sms.HANGS, Call.CONFIRMS),
    "89": FateOfNumber(Sms.EXPIRED, Call.BUSY_ONCE),
    "90": FateOfNumber(Sms.PERMANENT, Call.INVALID),
    "91": FateOfNumber(Sms.REFUSED, Call.CONFIRMS),
    "92": FateOfNumber(Sms.EXPIRED, Call.CONFIRMS),
    "93": FateOfNumber(Sms.THROTTLED, Call.CONFIRMS),
    "94": FateOfNumber(Sms.EXPIRED, Call.BUSY),
    "95": FateOfNumber(Sms.EXPIRED, Call.NO_ANSWER),
    "96": FateOfNumber(Sms.EXPIRED, Call.DECLINES),
    "97": FateOfNumber(Sms.EXPIRED, Call.HANGS_UP),
    "98": FateOfNumber(Sms.SLOW, Call.SLOW),
    "99": FateOfNumber(Sms.SILENT, Call.SILENT),
}
_ALL_OTHERS = FateOfNumber(Sms.DELIVERED, Call.CONFIRMS)


def fate(number: str) -> FateOfNumber:
    """The fates of a number, by its last two digits."""
    return TABLE.get(number[-2:], _ALL_OTHERS)
