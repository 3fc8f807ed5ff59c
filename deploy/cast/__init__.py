"""The cast of the demo and of the tests: persons, families and institutions that do not exist, each with a known outcome."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.account_credits import Credited, Frozen, Segment
from shared.contracts.base import Message, fen
from shared.contracts.registry import InstitutionRecorded, PersonRecorded, RelationRecorded
from shared.testing.identities import MadeUp
from shared.testing.messages import related

FILE = Path(__file__).with_name("cast.yaml")


@dataclass(frozen=True, slots=True)
class Member:
    """One made-up person: who it is, what is credited to the account (fen by segment) and what is to happen."""

    id: str
    person: MadeUp
    credits: dict[Segment, int]
    frozen: bool
    outcome_zh: str
    outcome_en: str


@dataclass(frozen=True, slots=True)
class Cast:
    persons: dict[str, Member]
    relations: tuple[RelationRecorded, ...]
    institutions: dict[str, InstitutionRecorded]

    def __getitem__(self, handle: str) -> MadeUp:
        """A person by the file's handle, such as `zhang-wei`."""
        return self.persons[handle].person

    def messages(self, at: datetime) -> Iterator[tuple[str, Message]]:
        """Everything that the authority publishes about the cast: (short type, body), accounts credited at `at`."""
        for member in self.persons.values():
            yield "registry.persons.recorded", member.person.recorded()
        for relation in self.relations:
            yield "registry.relations.recorded", relation
        for institution in self.institutions.values():
            yield "registry.institutions.recorded", institution
        for member in self.persons.values():
            yield from _credits(member, at)


def _credits(member: Member, at: datetime) -> Iterator[tuple[str, Message]]:
    psn_no, region = member.person.psn_no, member.person.admdvs
    for segment, amount in member.credits.items():
        yield (
            "account.credits.credited",
            Credited(
                psn_no=psn_no,
                entry_id=f"cast-{psn_no}-{segment}",
                at=at,
                admdvs=region,
                amount=amount,
                segment=segment,
            ),
        )
    if member.frozen:
        yield "account.credits.frozen", Frozen(psn_no=psn_no, entry_id=f"cast-{psn_no}-frozen", at=at)


def load(file: Path = FILE) -> Cast:
    """The cast of a YAML file. Raises pydantic's ValidationError for a record that the contract refuses."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    persons = {row["id"]: _member(row) for row in data["persons"]}
    return Cast(
        persons=persons,
        relations=tuple(
            related(persons[one].person, persons[other].person, is_) for one, other, is_ in data["relations"]
        ),
        institutions={
            row["id"]: InstitutionRecorded.model_validate({**row, "version": 1})
            for row in data["institutions"]
        },
    )


def _member(row: dict[str, Any]) -> Member:
    record = PersonRecorded.model_validate({**row["record"], "version": 1, "insurances": row["insurances"]})
    fields = {name: getattr(record, name) for name in MadeUp.__dataclass_fields__}
    return Member(
        id=row["id"],
        person=MadeUp(**(fields | {"tel": record.tel or ""})),
        credits={Segment(name): fen(text) for name, text in row.get("credits", {}).items()},
        frozen=row.get("frozen", False),
        outcome_zh=row["outcome"]["zh"],
        outcome_en=row["outcome"]["en"],
    )
