"""Merkle trees as RFC 6962 (RFC 9162, section 2.1) builds them: root, path of a leaf, and the root that a path leads to."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def leaf(data: bytes) -> bytes:
    """Hash of a leaf: SHA-256 over 0x00 and its bytes."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 over 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves. Raises `ValueError` for none: an empty tree seals nothing."""
    if not leaves:
        raise ValueError("a tree has at least one leaf")
    level = list(leaves)
    while len(level) > 1:
        level = _next(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings on the way from leaf `index` to the root, lowest first."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"leaf {index} of {len(leaves)}")
    found, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            found.append(level[sibling])
        level, index = _next(level), index // 2
    return found


def climb(hashed: bytes, index: int, size: int, siblings: Sequence[bytes]) -> bytes | None:
    """The root to which `siblings` lead from the leaf `index` of `size`; `None` where their number does not fit."""
    if not 0 <= index < size:
        return None
    rest, last = list(siblings), size - 1
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            sibling = rest.pop(0)
            hashed = node(sibling, hashed) if index % 2 else node(hashed, sibling)
        index, last = index // 2, last // 2
    return None if rest else hashed


def _next(level: list[bytes]) -> list[bytes]:
    """The level above; a last one without a partner moves up as it is."""
    pairs = [node(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
    return pairs + level[-1:] if len(level) % 2 else pairs
