"""One id has one stored answer for ever: premiums and transfers. (Requests of institutions: `asking.repeated`.)"""

from collections.abc import Callable
from typing import Protocol

from services.settlement.deciding.asking import fingerprint
from shared.contracts.reasons import Reason
from shared.messaging.handler import Event


class Answered(Protocol):
    """A stored request: what tells its body apart (`fingerprint`), and what it was answered (JSON)."""

    hash: bytes
    answer: bytes


def repeat(
    known: Answered, event: Event, reused: Reason, send: Callable[[bytes], None], refuse: Callable[[Reason], None]
) -> None:  # fmt: skip
    """A message under an id that is known: the very bytes of the first answer again, or a refusal of the other body (`reused`), which
    changes nothing and is answered under its own message."""
    if known.hash == fingerprint(event.type, event.body.__dict__):
        send(known.answer)
    else:
        refuse(reused)
