"""What audit asks of an object store: the bytes behind a reference, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Missing:
    """The store answered, and it has no such document."""


MISSING: Final = Missing()


def is_name(reference: str) -> bool:
    """Whether a reference names one object right in the store: never a path, upwards or elsewhere."""
    return reference not in ("", ".", "..") and not {"/", "\\", "\0"} & set(reference)


class Unavailable(Exception):
    """The store gave no answer, or one that says nothing about the document. Its text names no document."""


class Store(Protocol):
    """Reads by reference only: an address that a sender names is never called."""

    async def read(self, reference: str, limit: int) -> bytes | Missing:
        """The content, cut after `limit` + 1 bytes: what is longer than `limit` was too large. Raises `Unavailable`."""
        ...

    async def reach(self) -> None:
        """Returns if the store can be asked. Raises `Unavailable`."""
        ...
