"""Whether a service that is asked by single requests can be used: there is no session that could be watched."""

import time
from typing import Final

NOT_REACHED: Final = "not reached"
"""Code of an attempt whose request never got there."""
_REST: Final = 10.0
"""Seconds for which a service that was not reached is left alone; then an attempt shows whether it is back."""


class Reached:
    """What the last request showed. Who was not reached counts as away for a while only: nobody else would ever find out."""

    def __init__(self) -> None:
        self._away_until = 0.0

    @property
    def up(self) -> bool:
        """Whether it was reached last time, or has been left alone long enough."""
        return time.monotonic() >= self._away_until

    def note(self, code: str) -> None:
        """The provider's word for an attempt that was made just now."""
        self._away_until = time.monotonic() + _REST if code == NOT_REACHED else 0.0


def caused_by(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """Whether an SDK raised because of one of these; Alibaba's keeps what it wraps in `inner_exception` alone."""
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__ or getattr(error, "inner_exception", None)
    return False
