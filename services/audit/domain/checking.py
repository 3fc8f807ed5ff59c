"""Whether what the database holds of the record is what was written: entries against digests, links and seals. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from services.audit.domain import record
from services.audit.domain.record import Link, Seal

Row = tuple[int, str, int | None, bytes, bytes]
"""position, binding_id, version, digest and bytes of an entry, as they are stored."""

FAULTS: dict[str, tuple[str, str]] = {
    "entry-changed": ("记录内容被改动", "the entry's bytes are not those of its digest"),
    "entry-misfiled": ("记录归属被改动", "the entry says another binding or version than its row"),
    "entry-missing": ("记录缺失", "the entry is missing"),
    "entry-unlinked": ("记录不在任何链环中", "the entry belongs to no link"),
    "link-broken": ("链环与其记录或前一环不符", "the link does not fit its entries or the link before it"),
    "link-missing": ("链环缺失", "the link that begins here is missing"),
    "seal-broken": ("封存与链头不符", "the day's seal does not fit the heads, its root or the seal before it"),
    "seal-missing": ("当日封存缺失", "the day has no seal"),
    "version-missing": ("绑定的某一版本缺失或重复", "a version of the binding is missing on the record, or there twice"),
    "binding-behind": ("绑定比记录更新：链尾被移除", "the binding's row is newer than its last entry: the end of a chain was removed"),
    "binding-changed": ("绑定内容与其最后记录不符", "the binding's row is not what its last entry says"),
    "binding-missing": ("绑定缺失", "the binding's row is missing"),
    "decision-unrecorded": ("已发布的决定没有记录", "a published decision is not on the record"),
    "decision-altered": ("已发布的决定与记录不符", "a published decision has other bytes than the record says"),
    "decision-unpublished": ("已记录的决定不在主题上", "the binding's last decision is not on the topic"),
}  # fmt: skip
"""What can be wrong, by code: Chinese and English."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as it was written. What is not known of it is `None`."""

    code: str
    chain: str | None = None
    position: int | None = None
    binding_id: str | None = None
    at: datetime | None = None
    version: int | None = None

    def __str__(self) -> str:
        zh, en = FAULTS[self.code]
        where = f"{self.chain} #{self.position}" if self.position is not None else self.chain or ""
        facts = (where, self.binding_id and f"binding {self.binding_id}", self.version and f"version {self.version}",
                 self.at and str(self.at.isoformat()))  # fmt: skip
        return f"{self.code}: {', '.join(str(f) for f in facts if f)}: {zh} / {en}"


def link(found: Link, rows: Sequence[Row], previous: bytes, position: int) -> Iterator[Broken]:
    """What is wrong with one link and its entries. `previous`: the head before it; `position`: where it should begin.

    Where an entry was changed together with its digest, the link names the first entry of its batch: it cannot tell which.
    """
    follows = found.position == position
    if not follows:
        yield Broken("link-missing", found.chain, position, at=found.at)
    whole = True
    expected = found.position
    for place, binding_id, version, digest, body in rows:
        if place != expected:
            whole = False
            yield Broken("entry-missing", found.chain, expected, at=found.at)
        expected = place + 1
        code = None if record.digest(body) == digest else "entry-changed"
        code = code or (None if _filed(binding_id, version, body) else "entry-misfiled")
        if code:
            whole = False
            yield Broken(code, found.chain, place, binding_id, found.at, version)
    if expected != found.position + found.entries:
        whole = False
        yield Broken("entry-missing", found.chain, expected, at=found.at)
    over = record.batch(row[3] for row in rows)
    head = record.link(previous, found.position, found.entries, found.at, over)
    if whole and (over != found.batch or (follows and head != found.head)):
        yield Broken("link-broken", found.chain, found.position, rows[0][1], found.at, rows[0][2])


def _filed(binding_id: str, version: int | None, body: bytes) -> bool:
    try:
        said: dict[str, Any] = from_json(body)
    except ValueError:
        return False
    return said.get("binding_id") == binding_id and said.get("version") == version


def seals(stored: Sequence[tuple[Seal, bytes]], heads: Mapping[tuple[str, int], bytes]) -> Iterator[Broken]:
    """What is wrong with the seals, in order of day, each with its stored root. `heads`: links' heads by chain and entries so far."""
    before: tuple[Seal, bytes] | None = None
    for one, root in stored:
        end = record.end_of(one.day)
        if before:
            for day in missing(before[0].day, one.day):
                yield Broken("seal-missing", f"seal of {day}", at=record.end_of(day))
        broken = one.root != root or one.previous != (before[1] if before else record.FIRST)
        if broken or (
            before and any(one.heads.get(c, (-1, b""))[0] < n for c, (n, _) in before[0].heads.items())
        ):
            yield Broken("seal-broken", f"seal of {one.day}", at=end)
        for chain, (entries, head) in one.heads.items():
            if heads.get((chain, entries)) != head:
                yield Broken("seal-broken", chain, entries - 1, at=end)
        before = one, root


def missing(before: date, after: date) -> list[date]:
    """The days between two days."""
    return [before + timedelta(days=n) for n in range(1, (after - before).days)]


def standing(version: int, sha256: str, said: int | None, body: bytes | None) -> str | None:
    """What is wrong between a binding's row (its version, the hash of its body) and its last entry, if there is one."""
    if said is None or body is None or said < version:
        return "binding-behind"
    try:
        agrees = said == version and from_json(body)["sha256"] == sha256
    except (ValueError, KeyError):
        agrees = False
    return None if agrees else "binding-changed"
