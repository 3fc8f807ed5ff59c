"""Many different requests with what happens around them, made from a seed: for tests that compare two ways to one result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from shared.contracts import account_credits
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message
from shared.contracts.binding_requests import Submitted
from shared.testing.identities import MadeUp, adult, child, elder, insurance
from shared.testing.messages import (
    MONDAY,
    KafkaMessage,
    consented,
    related,
    submitted,
    to_kafka,
)
from shared.testing.proofs import face_check, material

REGIONS = ("330100", "370900", "650100", "310000")
RELATIONS = ("spouse", "parent", "child", "sibling", "parent-in-law", "grandparent")
CHANNELS = ("app", "app", "app", "counter", "website", "telephone")
MATERIALS = ("household-register", "marriage-certificate", "id-card", "birth-certificate")


@dataclass
class Scene:
    """People of one town, their registry records and requests, each different."""

    random: Random
    people: list[MadeUp] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    requests: list[Submitted] = field(default_factory=list)
    count: int = 0

    def begin(self, persons: int, base: int = 0) -> Iterator[KafkaMessage]:
        """Registers everybody, some of them in other ways than usual."""
        for n in range(base, base + persons):
            make = self.random.choice((adult, adult, adult, child, elder))
            self.people.append(make(n + 1, admdvs=self.random.choice(REGIONS)))
        for one in self.people:
            if self.random.random() < 0.95:
                yield self.recorded(one)

    def recorded(self, one: MadeUp) -> KafkaMessage:
        """The next version of a person's record."""
        version = self.versions[one.psn_no] = self.versions.get(one.psn_no, 0) + 1
        kind, place = one.insurances[0].insutype, one.admdvs
        odd: dict[str, Any] = self.random.choice(
            (
                {},
                {},
                {},
                {},
                {"insurances": (insurance(kind, place, psn_insu_stas="2"),)},
                {"insurances": (insurance(kind, place, arrears=True),)},
                {
                    "insurances": (
                        insurance("390", place),
                        insurance("310", place, balc=self.random.randrange(300_000)),
                    )
                },
                {"surv_stas": "2"},
                {"psn_name": "改名"},
            )
        )
        return self._to("registry.persons.recorded", one.recorded(version, **odd), "authority")

    def anything(self) -> KafkaMessage:
        """A request mostly; else something that changes what the next ones find."""
        draw = self.random.random()
        one, other = self.random.sample(self.people, 2)
        if draw < 0.2:
            return self.plain_request()
        if draw < 0.7 or not self.requests:
            return self.request(one, other)
        if draw < 0.78:
            return self.recorded(one)
        if draw < 0.86:
            kind, ended = self.random.choice(RELATIONS), self.random.random() < 0.2
            version = self.versions[one.psn_no + other.psn_no] = self.versions.get(one.psn_no + other.psn_no, 0) + 1  # fmt: skip
            return self._to("registry.relations.recorded", related(one, other, kind, version, ended=ended), "authority")  # fmt: skip
        if draw < 0.9:
            mark = self.random.choice((account_credits.Frozen, account_credits.Unfrozen))
            entry = mark(psn_no=one.psn_no, entry_id=f"E{self.count}", at=MONDAY)
            return self._to(f"account.credits.{mark.__name__.lower()}", entry, "authority")
        if draw < 0.95:
            return self._consent()
        asked = self.random.choice(self.requests)
        papers = ours.Supplemented(
            binding_id=asked.binding_id, sponsor_psn_no=asked.sponsor.psn_no, materials=tuple(self.papers(4))
        )
        return self._to("binding.requests.supplemented", papers, "zheliban")

    def plain_request(self) -> KafkaMessage:
        """An application in which nothing is wrong but perhaps the two: adults of one place."""
        self.count += 1
        one = self.random.choice(self.people)
        near = [p for p in self.people if p.admdvs == one.admdvs and p is not one] or [one]
        check = face_check(one, MONDAY, transaction_no=f"P{self.count}")
        papers = tuple(material(kind, side, self.count) for kind in MATERIALS for side in ("sponsor", "beneficiary"))  # fmt: skip
        body = submitted(
            one,
            self.random.choice(near),
            relation=self.random.choice(("parent", "sibling")),
            number=len(self.requests) + 1,
            face_check=check,
            materials=papers,
        )
        self.requests.append(body)
        return self._to("binding.requests.submitted", body, "zheliban")

    def request(self, sponsor: MadeUp, relative: MadeUp) -> KafkaMessage:
        """An application in which one thing or another may be wrong."""
        pick, number = self.random.random, len(self.requests) + 1
        at = MONDAY - timedelta(hours=self.random.randrange(48))
        changes: dict[str, Any] = {"materials": tuple(self.papers(self.random.choice((0, 0, 1, 3))))}
        channel = self.random.choice(CHANNELS)
        if channel != "counter":
            changes["face_check"] = self._face(sponsor, relative, at, number)
        if pick() < 0.1:
            changes["commitment"] = None
        if pick() < 0.1:
            changes["beneficiary"] = relative.as_beneficiary(psn_name="别人")
        if pick() < 0.1:
            changes["sponsor"] = sponsor.as_sponsor(psn_name="别人")
        if pick() < 0.1:
            changes["terms"] = ours.Terms(scope=("inpatient",), quota=100)
        relation = self.random.choice(RELATIONS)
        body = submitted(
            sponsor, relative, relation=relation, at=at, number=number, channel=channel, **changes
        )
        self.requests.append(body)
        return self._to("binding.requests.submitted", body, "zheliban", at)

    def papers(self, most: int) -> Iterator[ours.Material]:
        """Some documents."""
        for _ in range(most):
            self.count += 1
            holder = self.random.choice(("sponsor", "beneficiary"))
            yield material(self.random.choice(MATERIALS), holder, self.count)

    def _face(self, sponsor: MadeUp, relative: MadeUp, at: datetime, number: int) -> ours.FaceCheck | None:
        kind = self.random.choice(("good", "good", "good", "none", "old", "other", "forged", "again", "unknown"))  # fmt: skip
        if kind == "none":
            return None
        whose = relative if kind == "other" else sponsor
        when = at - timedelta(days=2) if kind == "old" else at
        transaction = f"T{number % 3 if kind == 'again' else number}"
        check = face_check(whose, when, transaction_no=transaction)
        if kind == "forged":
            return check.model_copy(update={"transaction_no": f"F{number}"})
        return check.model_copy(update={"provider": "nobody"}) if kind == "unknown" else check

    def _consent(self) -> KafkaMessage:
        asked = self.random.choice(self.requests)
        relative = next(p for p in self.people if p.certno == asked.beneficiary.certno)
        self.count += 1
        check = face_check(relative, MONDAY, transaction_no=f"C{self.count}")
        body = consented(relative, asked.binding_id, face_check=check)
        return self._to("beneficiary.requests.consented", body, "zheliban")

    def _to(self, type: str, body: Message, source: str, at: datetime = MONDAY) -> KafkaMessage:
        self.count += 1
        return to_kafka(type, body, source, f"scene-{self.count}", at)
