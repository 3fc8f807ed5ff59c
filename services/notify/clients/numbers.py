"""The one check of a telephone number before it leaves the house.

The SIP library does not check what it is given, so a number with anything but digits could smuggle URI parameters.
"""

import re

_E164 = re.compile(r"\+?[0-9]{3,15}")
_MAINLAND = re.compile(r"\+86([1-9][0-9]{8,10})")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def dialable(number: str) -> bool:
    """True for `+8613800138000`, `13800138000`, `12393`: 3 to 15 digits (E.164), at most a leading plus."""
    return _E164.fullmatch(number) is not None


def digits(number: str) -> str:
    """The number as a provider wants it: without the plus.

    Raises ValueError (which does not repeat the number) when it is not dialable.
    """
    if not dialable(number):
        raise ValueError(
            "not a dialable number: 3 to 15 digits with at most a leading +, for example +8613800138000"
        )
    return number.removeprefix("+")


def national(number: str) -> str:
    """The number as it is dialled within the mainland: `13957100001`, with the trunk's 0 `057188773344`.

    Raises ValueError (which does not repeat the number) for any other country's.
    """
    own = _MAINLAND.fullmatch(number)
    if own is None:
        raise ValueError("not a number of the mainland: +86 and 9 to 11 digits, for example +8613800138000")
    return own[1] if _MOBILE.fullmatch(own[1]) else f"0{own[1]}"
