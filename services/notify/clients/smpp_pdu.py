"""What travels on an SMPP 3.4 link, as values: texts cut into parts, submit answers and delivery receipts classified.

SMPP 3.4 specification: §5.1.3 command_status, §5.2.28 message_state, Appendix B receipt text; 3GPP TS 23.040 §9.2.3.24.1
for the concatenation header. Pure: no I/O, no clock.
"""

import re
from enum import StrEnum
from typing import Any, Final

from services.notify.domain.receipts import Fate, Receipt

UCS2: Final = 8
ESM_UDH: Final = 0x40
ESM_RECEIPT: Final = 0x04
SINGLE_OCTETS: Final = 140
PART_OCTETS: Final = 134

ESME_ROK: Final = 0x00
_THROTTLED: Final = frozenset({0x14, 0x58})  # message queue full, throttled
_ADDRESS: Final = frozenset({0x0B, 0x33, 0x40, 0x48, 0x49, 0x50, 0x51})  # destination, list, TON and NPI
_OURS: Final = frozenset(
    {0x03, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x0F, 0x15}
)  # not bound, source, password, system type


class Answer(StrEnum):
    """How a submit ended. UNKNOWN is never the same as REFUSED: the text may well be on its way."""

    ACCEPTED = "accepted"
    PERMANENT = "permanent"  # this number will never take it
    THROTTLED = "throttled"  # later, nobody's fault
    TECHNICAL = "technical"  # ours or the provider's: nothing was sent, the number is not to blame
    UNKNOWN = "unknown"  # no answer in time or the link was cut after the submit went out


_STATES: Final = {
    1: Fate.PENDING, 2: Fate.DELIVERED, 3: Fate.TEMPORARY, 4: Fate.PERMANENT,
    5: Fate.PERMANENT, 6: Fate.PENDING, 7: Fate.TEMPORARY, 8: Fate.PERMANENT,
}  # fmt: skip
_WORDS: Final = {
    "ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8,
}  # fmt: skip
_TEXT = re.compile(rb"\bid:(?P<id>\S+).*?\bstat:(?P<stat>[A-Za-z]+)(?:.*?\berr:(?P<err>\S+))?", re.S)


def parts(text: str, reference: int) -> list[bytes]:
    """The text in UCS-2: one message of up to 70 characters, else parts of 67 with the header `05 00 03 ref total n`.

    A surrogate pair is never cut in two. Raises ValueError above 255 parts.
    """
    raw = text.encode("utf-16-be")
    if len(raw) <= SINGLE_OCTETS:
        return [raw]
    chunks, at = [], 0
    while at < len(raw):
        end = min(at + PART_OCTETS, len(raw))
        if end < len(raw) and 0xD8 <= raw[end - 2] <= 0xDB:
            end -= 2
        chunks.append(raw[at:end])
        at = end
    if len(chunks) > 255:
        raise ValueError(f"text of {len(chunks)} parts: at most 255 can be concatenated")
    return [bytes((5, 0, 3, reference & 0xFF, len(chunks), n)) + chunk for n, chunk in enumerate(chunks, 1)]


def answer_of(status: int) -> Answer:
    """Class of a `submit_sm_resp` status: what the notice may do next depends on it."""
    if status == ESME_ROK:
        return Answer.ACCEPTED
    if status in _THROTTLED:
        return Answer.THROTTLED
    if status in _ADDRESS:
        return Answer.PERMANENT
    return Answer.TECHNICAL


def receipt_of(pdu: Any) -> Receipt | None:
    """The receipt in a `deliver_sm`, or None for a text that somebody wrote to us.

    The TLVs `receipted_message_id` and `message_state` win over the words of the text; not every provider sends them.
    Raises ValueError for fields that are not there and a text that is not as long as it says: the codec takes what there is, and half
    an id is another's.
    """
    if pdu.esm_class is None:
        raise ValueError("a deliver_sm without its fields")
    if pdu.sm_length != len(pdu.short_message or b""):
        raise ValueError("short_message is not as long as sm_length")
    if not pdu.esm_class & ESM_RECEIPT:
        return None
    found = _TEXT.search(pdu.short_message or b"")
    tlv_id = getattr(pdu, "receipted_message_id", None)
    state = getattr(pdu, "message_state", None)
    if state is None and found:
        state = _WORDS.get(found["stat"].decode("ascii").upper()[:7])
    provider_id = tlv_id or (found["id"] if found else None)
    if not provider_id or state is None:
        return None
    err = (found["err"] or b"").decode("ascii", "replace") if found else ""
    # No column takes a NUL: a receipt with one would come again for ever, and take its neighbours along.
    name, code = (text.replace("\0", "") for text in (provider_id.decode("latin-1"), f"{state}:{err}"))
    return Receipt(name, _STATES.get(state, Fate.TEMPORARY), code[:32])
