"""The record's arithmetic: entries, links, seals and proofs, whatever they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.audit.domain import checking, merkle, proving, record
from services.audit.domain.checking import Row
from services.audit.domain.proving import Proof
from services.audit.domain.record import Head, Link, Seal
from shared.contracts import review_verdicts as said
from shared.contracts.binding_requests import MaterialKind
from shared.testing.messages import MONDAY, uid
from tests.unit.audit.line import ID, Line, approved, passed, refused, verdict

HASHES = st.binary(min_size=32, max_size=32)
BATCHES = st.lists(st.integers(1, 6), min_size=1, max_size=8)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


@given(st.lists(HASHES, min_size=1, max_size=40))
def test_the_tree_is_that_of_the_rfc_and_every_path_leads_to_its_root(leaves: list[bytes]) -> None:
    root = merkle.root(leaves)
    assert root == naive_root(leaves)
    for n, one in enumerate(leaves):
        path = merkle.path(leaves, n)
        assert merkle.climb(one, n, len(leaves), path) == root
        assert merkle.climb(one, n, len(leaves), [*path, one]) is None
        assert not path or merkle.climb(one, n, len(leaves), path[1:]) != root
        assert merkle.climb(sha256(one).digest(), n, len(leaves), path) != root


def test_the_tree_of_the_rfcs_test_vectors() -> None:
    data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    leaves = [merkle.leaf(bytes.fromhex(one)) for one in data]
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    for wrong in (-1, 8):
        assert merkle.climb(leaves[0], wrong, 8, []) is None
        with pytest.raises(ValueError, match="leaf"):
            merkle.path(leaves, wrong)
    with pytest.raises(ValueError, match="one leaf"):
        merkle.root([])


def body(n: int, version: int | None) -> bytes:
    told: dict[str, Any] = {"binding_id": str(uid(n)), "n": n} | ({"version": version} if version else {})
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def chain_of(sizes: list[int], name: str = "binding.screenings/0") -> tuple[list[Link], list[Row]]:
    """Links of the given sizes, with entries that are all different; every third one is a view."""
    links: list[Link] = []
    rows: list[Row] = []
    head: Head | None = None
    for number, size in enumerate(sizes):
        batch = []
        for n in range(len(rows), len(rows) + size):
            version = None if n % 3 == 2 else n + 1
            batch.append((n, str(uid(n)), version, record.digest(body(n, version)), body(n, version)))
        made = record.append(name, head, [row[3] for row in batch], MONDAY + timedelta(seconds=number))
        links.append(made)
        rows += batch
        head = Head(len(rows), made.head, made.at)
    return links, rows


def faults(links: list[Link], rows: list[Row]) -> list[tuple[str, int | None]]:
    head, position = record.genesis("binding.screenings/0"), 0
    found = []
    for link in links:
        mine = [row for row in rows if link.position <= row[0] < link.position + link.entries]
        found += [(one.code, one.position) for one in checking.link(link, mine, head, position)]
        head, position = link.head, link.position + link.entries
    return found


@given(BATCHES)
def test_what_was_written_is_found_whole(sizes: list[int]) -> None:
    assert faults(*chain_of(sizes)) == []


@given(BATCHES, st.data())
def test_any_byte_of_any_entry_is_missed_and_the_entry_named(sizes: list[int], data: st.DataObject) -> None:
    links, rows = chain_of(sizes)
    n = data.draw(st.integers(0, len(rows) - 1))
    place, binding_id, version, digest, old = rows[n]
    at, to = data.draw(st.integers(0, len(old) - 1)), data.draw(st.integers(0, 255))
    new = old[:at] + bytes([to]) + old[at + 1 :]
    rows[n] = place, binding_id, version, digest, new
    assert faults(links, rows) == ([] if new == old else [("entry-changed", n)])
    rows[n] = place, binding_id, version, record.digest(new), new
    if new != old:
        ((code, position),) = faults(links, rows)
        own = next(link for link in links if link.position <= n < link.position + link.entries)
        assert (code, position) in (("link-broken", own.position), ("entry-misfiled", n))


@given(BATCHES, st.data())
def test_an_entry_that_was_removed_moved_or_filed_elsewhere_is_named(
    sizes: list[int], data: st.DataObject
) -> None:
    links, rows = chain_of(sizes)
    n = data.draw(st.integers(0, len(rows) - 1))
    assert faults(links, rows[:n] + rows[n + 1 :]) == [("entry-missing", n)]
    place, _, version, digest, told = rows[n]
    assert faults(links, [*rows[:n], (place, str(uid(99)), version, digest, told), *rows[n + 1 :]]) == [
        ("entry-misfiled", n)
    ]
    assert faults(links, [*rows[:n], (place, rows[n][1], 77, digest, told), *rows[n + 1 :]]) == [
        ("entry-misfiled", n)
    ]
    other = data.draw(st.integers(0, len(rows) - 1))
    swapped = list(rows)
    swapped[n], swapped[other] = (n, *rows[other][1:]), (other, *rows[n][1:])
    assert bool(faults(links, swapped)) == (n != other)


@given(BATCHES, st.data())
def test_a_link_that_was_removed_or_changed_is_named(sizes: list[int], data: st.DataObject) -> None:
    links, rows = chain_of(sizes)
    n = data.draw(st.integers(0, len(links) - 1))
    one = links[n]
    left = [row for row in rows if not one.position <= row[0] < one.position + one.entries]
    found = faults(links[:n] + links[n + 1 :], left)
    assert found == ([("link-missing", one.position)] if n + 1 < len(links) else []), (
        "the end is the seal's to miss"
    )
    for changed in (
        replace(one, at=one.at + timedelta(microseconds=1)),
        replace(one, batch=bytes(32)),
        replace(one, head=bytes(32)),
    ):
        assert faults([*links[:n], changed, *links[n + 1 :]], rows)[0] == ("link-broken", one.position)


@given(st.lists(st.tuples(BATCHES, st.integers(1, 5)), min_size=1, max_size=5), st.data())
def test_every_entry_is_provable_from_its_days_root_alone(days: list[Any], data: st.DataObject) -> None:
    chains = {
        f"binding.screenings/{n}": chain_of(sizes, f"binding.screenings/{n}")
        for n, (sizes, _) in enumerate(days)
    }
    seal = Seal(
        date(2026, 11, 23),
        record.FIRST,
        {c: (len(rows), links[-1].head) for c, (links, rows) in chains.items()},
    )
    name = data.draw(st.sampled_from(sorted(chains)))
    links, rows = chains[name]
    n = data.draw(st.integers(0, len(rows) - 1))
    own = next(k for k, link in enumerate(links) if link.position <= n < link.position + link.entries)
    previous = links[own - 1].head if own else record.genesis(name)
    digests = [row[3] for row in rows[links[own].position : links[own].position + links[own].entries]]
    proof = proving.prove(rows[n][4], n, previous, digests, links[own:], seal)
    again = Proof.model_validate_json(proof.model_dump_json())
    assert again == proof
    assert proving.check(again, seal.root) is None
    assert proving.check(again, sha256(seal.root).digest()) is not None
    for forged in forgeries(proof):
        assert proving.check(forged, seal.root) is not None


def forgeries(proof: Proof) -> list[Proof]:
    """The proof with one thing changed at a time."""
    flipped = ("1" if proof.link.previous[0] == "0" else "0") + proof.link.previous[1:]
    link, day, head = proof.link, proof.day, proof.head
    later = proof.links[0] if proof.links else None
    made: list[dict[str, Any]] = [
        {"entry": proof.entry.replace('"n"', '"m"')},
        {"entry": "not JSON"},
        {"position": proof.position + 1000},
        {"position": proof.position + 1},
        {"chain": "due"},
        {"link": link.model_copy(update={"previous": flipped})},
        {"link": link.model_copy(update={"at": link.at + timedelta(seconds=1)})},
        {"link": link.model_copy(update={"digests": (*link.digests, flipped)})},
        {"day": day.model_copy(update={"text": day.text.replace("2026", "2027")})},
        {"day": head},
        {"head": day},
        {"head": head.model_copy(update={"text": head.text.replace("binding", "bonding")})},
        {"head": head.model_copy(update={"text": "{"})},
        {"leaves": proof.leaves + 8},
    ]
    if later:
        made.append({"links": proof.links[1:]})
        made.append({"links": (later.model_copy(update={"entries": later.entries + 1}), *proof.links[1:])})
    return [proof.model_copy(update=change) for change in made]


def test_a_proof_that_is_none_is_refused_by_its_fields() -> None:
    links, rows = chain_of([2])
    seal = Seal(date(2026, 11, 23), record.FIRST, {links[0].chain: (2, links[0].head)})
    proof = proving.prove(rows[0][4], 0, record.genesis(links[0].chain), [r[3] for r in rows], links, seal)
    fields = json.loads(proof.model_dump_json())
    for wrong in (
        {"root": "xyz"},
        {"position": -1},
        {"more": 1},
        {"link": fields["link"] | {"at": "1969-01-01T00:00:00Z"}},
    ):
        with pytest.raises(ValidationError):
            Proof.model_validate(fields | wrong)
    assert not proving.is_body(proof, b"{}")


def seal_of(day: date, previous: bytes, *heads: int) -> Seal:
    return Seal(day, previous, {f"c/{n}": (count, bytes([count] * 32)) for n, count in enumerate(heads)})


def seal_faults(*stored: tuple[Seal, bytes]) -> list[tuple[str, str | None]]:
    heads = {(chain, n): head for one, _ in stored for chain, (n, head) in one.heads.items()}
    return [(one.code, one.chain) for one in checking.seals(stored, heads)]


def test_seals_are_a_chain_of_days_that_only_grow() -> None:
    monday = date(2026, 11, 23)
    first = seal_of(monday, record.FIRST, 3, 4)
    second = seal_of(monday + timedelta(days=1), first.root, 3, 9, 1)
    assert seal_faults((first, first.root), (second, second.root)) == []
    assert seal_faults((second, second.root)) == [("seal-broken", "seal of 2026-11-24")], (
        "the first one is gone"
    )
    third = seal_of(monday + timedelta(days=3), second.root, 3, 9, 1)
    assert seal_faults((first, first.root), (second, second.root), (third, third.root)) == [("seal-missing", "seal of 2026-11-25")]  # fmt: skip
    assert seal_faults((first, bytes(32))) == [("seal-broken", "seal of 2026-11-23")]
    for shrunk in (seal_of(second.day, first.root, 2, 9), seal_of(second.day, first.root, 3)):
        assert seal_faults((first, first.root), (shrunk, shrunk.root)) == [
            ("seal-broken", "seal of 2026-11-24")
        ]
    other = list(checking.seals([(first, first.root)], {("c/0", 3): bytes([3] * 32)}))
    assert [(one.code, one.chain, one.position) for one in other] == [("seal-broken", "c/1", 3)]


def test_a_binding_is_held_against_its_last_entry() -> None:
    told = b'{"sha256":"aa"}'
    assert checking.standing(2, "aa", 2, told) is None
    assert checking.standing(2, "bb", 2, told) == "binding-changed"
    assert checking.standing(2, "aa", 2, b"{") == "binding-changed"
    assert checking.standing(2, "aa", 2, b"{}") == "binding-changed"
    assert checking.standing(1, "aa", 2, told) == "binding-changed"
    assert checking.standing(3, "aa", 2, told) == "binding-behind"
    assert checking.standing(3, "aa", None, None) == "binding-behind"


@pytest.mark.parametrize(
    ("last", "now", "days"),
    [
        ("2026-11-22", "2026-11-23T23:59:59+08:00", []),
        ("2026-11-22", "2026-11-24T00:00:00+08:00", [23]),
        ("2026-11-22", "2026-11-26T10:00:00+08:00", [23, 24, 25]),
        ("2026-11-23", "2026-11-23T10:00:00+08:00", []),
        (None, "2026-11-25T10:00:00+08:00", [23, 24]),
        (None, "2026-11-23T15:00:00+08:00", []),
    ],
)
def test_days_are_sealed_once_they_are_over_and_none_is_left_out(
    last: str | None, now: str, days: list[int]
) -> None:
    sealed = date.fromisoformat(last) if last else None
    found = record.unsealed(sealed, datetime(2026, 11, 22, 17, tzinfo=UTC), datetime.fromisoformat(now))
    assert [day.day for day in found] == days


def test_nothing_is_sealed_before_there_is_anything() -> None:
    assert record.unsealed(None, None, MONDAY) == []


@given(st.integers(-5, 5))
def test_the_times_of_a_chain_never_go_back(seconds: int) -> None:
    first = record.append("due", None, [bytes(32)], MONDAY)
    second = record.append(
        "due", Head(1, first.head, first.at), [bytes(32)], MONDAY + timedelta(seconds=seconds)
    )
    assert second.at == max(MONDAY, MONDAY + timedelta(seconds=seconds))


def lacking() -> Any:
    """Refused for a document that is missing: the case waits for it."""
    return refused("materials-missing").model_copy(update={"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)})


def said_of(line: Line) -> list[dict[str, Any]]:
    return [json.loads(entry.body) for entry in line.batch.record]


def test_each_published_version_is_an_entry_with_its_hash_its_reasons_and_who_decided() -> None:
    line = Line()
    line.send(passed(proven=()))
    line.send(verdict("reject", note="户口本未显示亲属关系"))
    received, queued, rejected = said_of(line)
    assert [e["type"] for e in (received, queued, rejected)] == [type for type, _ in line.decisions]
    assert (received["by"], queued["by"], rejected["by"]) == ("auto", "auto", "op-1")
    assert (rejected["state"], rejected["reasons"], rejected["policy"]) == (
        "rejected",
        ["review-rejected"],
        "v1",
    )
    assert rejected["sha256"] == sha256(line.decisions[-1][1].model_dump_json().encode()).hexdigest()
    assert [e.chain for e in line.batch.record] == [
        "binding.screenings/0",
        "binding.screenings/0",
        "review.verdicts/0",
    ]
    for entry in line.batch.record:
        again = json.dumps(json.loads(entry.body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert again.encode() == entry.body, "canonical: sorted, no spaces"


def test_no_entry_names_anybody_and_no_note_of_a_verdict_is_in_one() -> None:
    line = Line()
    line.send(passed(proven=()))
    line.send(verdict("reject", note="户口本未显示亲属关系"))
    written = b"".join(entry.body for entry in line.batch.record).decode()
    for private in ("S1", "B1", "户口本"):
        assert private not in written


def test_what_time_did_is_put_down_to_nobody_even_when_a_verdict_finds_it() -> None:
    line = Line()
    line.send(lacking())
    late = line.dues["supplement-expired", str(ID)] + timedelta(days=1)
    line.send(verdict("approve"), time=late)
    expired = said_of(line)[-1]
    assert (expired["type"], expired["by"]) == ("expired", "auto")
    assert line.batch.record[-1].chain == "review.verdicts/0"


def test_due_rows_have_a_chain_of_their_own() -> None:
    line = Line()
    line.send(lacking())
    line.wait(timedelta(days=60))
    assert said_of(line)[-1]["offset"] is None
    assert line.batch.record[-1].chain == "due"


def test_the_authority_is_named_by_its_operator() -> None:
    line = approved()
    body = said.Suspended(binding_id=ID, operator_id="op-1", document="7号", effective_at=MONDAY)
    line.send(body)
    assert (said_of(line)[-1]["type"], said_of(line)[-1]["by"]) == ("suspended", "op-1")


def test_two_entries_of_one_kind_never_pass_for_another_kind() -> None:
    told = bytes(64)
    hashes = {record.digest(told), record.batch([told[:32], told[32:]]), merkle.leaf(told), merkle.node(told[:32], told[32:]), record.genesis(told.decode()), sha256(told).digest()}  # fmt: skip
    assert len(hashes) == 6
