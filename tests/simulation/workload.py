"""What happens in an episode: a small town of persons, their requests, bills, repeats and mistakes, all from the seed."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from shared.contracts import envelope as ce
from shared.contracts.beneficiary_requests import Declined
from shared.contracts.binding_requests import ChannelKind, FaceCheck, Supplemented, Withdrawn
from shared.contracts.review_verdicts import Decision, VerdictGiven
from shared.contracts.settlement_requests import Cancel, Refund, Reverse
from shared.messaging.dead_letters import REASON, replayed
from shared.testing.identities import MadeUp, adult, child, elder
from shared.testing.messages import (
    KafkaMessage,
    bill,
    consented,
    credited,
    institution,
    related,
    settle,
    submitted,
    to_kafka,
    unbind_requested,
)
from shared.testing.proofs import face_check, material
from tests.simulation.line import Line

REGION = "370900"  # Tai'an: one sponsor per beneficiary, eight per sponsor
HOSPITAL = "H33010000001"


def relation_of(relative: MadeUp) -> str:
    """What a relative of the town is to every sponsor."""
    return "child" if relative.brdy.year > 2000 else "parent"


USUAL = {
    "apply": 20, "unbind": 6, "withdraw": 3, "judge": 6, "supplement": 3, "consent": 8, "consent_and_lag": 1, "bill": 30, "undo": 12,
    "repeat": 8, "reuse_id": 2, "spoil": 3, "replay": 8,
}  # fmt: skip
"""What happens how often."""


@dataclass(slots=True)
class Town:
    """Persons of an episode and what they have asked for so far."""

    line: Line
    chance: random.Random
    sponsors: list[MadeUp] = field(default_factory=list)
    relatives: list[MadeUp] = field(default_factory=list)
    asked: list[tuple[UUID, MadeUp, MadeUp]] = field(default_factory=list)
    sent: list[KafkaMessage] = field(default_factory=list)
    bills: list[dict[str, object]] = field(default_factory=list)
    mend: Callable[[], None] = lambda: None
    mix: dict[str, float] = field(default_factory=dict)
    number: int = 0
    credited: int = 0

    def say(self, source: str, short: str, body: object, **options: object) -> KafkaMessage:
        """Publishes a message of `source` now."""
        self.number += 1
        message = to_kafka(short, body, source, f"{source}-{self.number}", self.line.clock.now(), **options)  # type: ignore[arg-type]
        self.line.broker.append(*message)
        self.sent.append(message)
        return message

    def populate(self) -> None:
        """The authority's records: persons, relations, a hospital, money."""
        area = {"admdvs": REGION, "tel": ""}
        self.sponsors = [adult(n, **area) for n in range(1, 5)]
        self.relatives = [child(n, **area) if n % 2 else elder(n, **area) for n in range(11, 43)]
        for person in (*self.sponsors, *self.relatives):
            self.say("authority", "registry.persons.recorded", person.recorded())
        for sponsor in self.sponsors:
            for relative in self.relatives:
                if self.chance.random() < 0.9:
                    proof = related(sponsor, relative, relation_of(relative))
                    self.say("authority", "registry.relations.recorded", proof)
        self.say("authority", "registry.institutions.recorded", institution(HOSPITAL))
        for person in self.sponsors:
            amount = self.chance.randint(1, 200) * 100
            self.credited += amount
            self.say(
                "authority", "account.credits.credited", credited(person, amount, at=self.line.clock.now())
            )

    def happen(self) -> None:
        """One thing happens. Each episode has its own mix: what is rare in one is all there is in another."""
        if not self.mix:
            self.mix = {name: weight * self.chance.choice((0.1, 1, 1, 5)) for name, weight in USUAL.items()}
        name = self.chance.choices(list(self.mix), list(self.mix.values()))[0]
        getattr(self, name)()

    def bind_everybody(self) -> None:
        """The first relatives are asked for by one sponsor each."""
        for relative in self.relatives[:4]:
            self.apply(relative)

    def apply(self, relative: MadeUp | None = None) -> None:
        sponsor = self.chance.choice(self.sponsors)
        first = len(self.asked) // 4 % (len(self.relatives) - 3)
        relative = relative or self.chance.choice(
            self.relatives[first : first + 3]
        )  # few at a time: sponsors race
        papers = (material("household-register"),) if self.chance.random() < 0.3 else ()
        request = submitted(
            sponsor,
            relative,
            relation=relation_of(relative),
            at=self.line.clock.now(),
            binding_id=self.line.ids.uuid(),
            materials=papers,
            face_check=self._face(sponsor),
        )
        self.asked.append((request.binding_id, sponsor, relative))
        self.say("taian-app", "binding.requests.submitted", request)

    def unbind(self) -> None:
        for binding_id, sponsor, _ in self._some("approved"):
            request = unbind_requested(
                sponsor, binding_id, at=self.line.clock.now(), face_check=self._face(sponsor)
            )
            self.say("taian-app", "binding.requests.unbind-requested", request)

    def withdraw(self) -> None:
        for binding_id, sponsor, _ in self._some():
            self.say(
                "taian-app",
                "binding.requests.withdrawn",
                Withdrawn(binding_id=binding_id, sponsor_psn_no=sponsor.psn_no),
            )

    def judge(self) -> None:
        for binding_id, _, _ in self._some():
            decision = self.chance.choice(list(Decision))
            codes = ("review-rejected",) if decision is Decision.REJECT else ()
            papers = ("household-register",) if decision is Decision.SUPPLEMENT else ()
            body = VerdictGiven.model_validate(
                {"binding_id": binding_id, "operator_id": "reviewer-01", "decision": decision, "reason_codes": codes,
                 "materials": papers}
            )  # fmt: skip
            self.say("desk", "review.verdicts.verdict-given", body)

    def supplement(self) -> None:
        for binding_id, sponsor, _ in self._some():
            body = Supplemented(
                binding_id=binding_id,
                sponsor_psn_no=sponsor.psn_no,
                materials=(material("household-register"),),
            )
            self.say("taian-app", "binding.requests.supplemented", body)

    def consent(self) -> None:
        for binding_id, _, relative in self._some("awaiting-consent"):
            if self.chance.random() < 0.5:
                body = consented(relative, binding_id, face_check=self._face(relative))
                self.say("taian-app", "beneficiary.requests.consented", body)
            else:
                no = Declined(
                    beneficiary_psn_no=relative.psn_no, binding_id=binding_id, channel=ChannelKind.APP
                )
                self.say("taian-app", "beneficiary.requests.declined", no)

    def consent_and_lag(self) -> None:
        """A consent comes in time, and the deadline passes before anybody reads it."""
        self.consent()
        self.line.clock.move(10 * 86_400)

    def bill(self) -> None:
        patient = self.chance.choice([*self.sponsors, *self.relatives[:8]])
        fields = bill(
            patient, self.chance.randint(1, 90) * 100, number=len(self.bills) + 1, at=self.line.clock.now()
        )
        self.bills.append(fields)
        total = int(str(fields["medfee_sumamt"]))
        body = settle(patient, total, number=len(self.bills), at=self.line.clock.now())
        self.say("his-first", "settlement.requests.settle", body)

    def undo(self) -> None:
        """Reverses, cancels or refunds an earlier bill, sometimes one that has not arrived."""
        if not self.bills:
            return
        of = self.chance.choice(self.bills)
        self.bills.append(of)
        again = bill(self.relatives[0], 0, number=5000 + len(self.bills), at=self.line.clock.now())
        common = {"msgid": again["msgid"], "fixmedins_code": HOSPITAL, "psn_no": of["psn_no"]}
        results = [
            s
            for s in self.line.broker.topic("settlement.results")
            if s.value and str(of["msgid"]).encode() in s.value
        ]
        setl_id = next((json.loads(s.value or b"{}").get("setl_id") for s in results), None)
        if setl_id and self.chance.random() < 0.6:
            if self.chance.random() < 0.5:
                self.say(
                    "his-first", "settlement.requests.cancel", Cancel(**common, infno="2208", setl_id=setl_id)
                )
            else:
                self.say(
                    "his-first", "settlement.requests.refund", Refund(**common, setl_id=setl_id, amount=100)
                )
        else:
            undo = Reverse(**common, omsgid=str(of["msgid"]), oinfno="2207")
            self.say("his-first", "settlement.requests.reverse", undo)

    def repeat(self) -> None:
        """A sender sends the same message again."""
        message = self.chance.choice(self.sent)
        self.line.broker.append(*message)

    def reuse_id(self) -> None:
        """A sender uses an id again for another body."""
        old = self.chance.choice(self.sent)
        new = self.chance.choice(self.sent)
        if old.topic == new.topic and old.value != new.value and old.key == new.key:
            headers = [(n, v) for n, v in new.headers if n != ce.CE_ID] + [
                (n, v) for n, v in old.headers if n == ce.CE_ID
            ]
            self.line.broker.append(new.topic, new.key, headers, new.value)

    def spoil(self) -> None:
        """Something that is no message."""
        old = self.chance.choice(self.sent)
        value = self.chance.choice((b"{", b"\xff", b'{"a":1,"a":2}', None, (old.value or b"")[:-7]))
        self.line.broker.append(old.topic, old.key, [(n, v) for n, v in old.headers if n != ce.CE_ID], value)

    def replay(self) -> None:
        """An operator has the code mended and replays a dead letter, sometimes one that was replayed before."""
        self.mend()
        dead = [
            r
            for r in self.line.broker.topic("eligibility.dead-letters")
            if (REASON, b"handler-failed") in r.headers
        ]
        if dead:
            self.line.broker.publish([replayed(self.chance.choice(dead))])

    def _face(self, who: MadeUp) -> FaceCheck:
        """A face check made now, for one use."""
        self.number += 1
        return face_check(who, self.line.clock.now(), transaction_no=f"T{self.number}")

    def _some(self, state: str = "") -> Iterator[tuple[UUID, MadeUp, MadeUp]]:
        """One of the bindings asked for, mostly a recent one; mostly one that was last seen in `state`."""
        if not self.asked:
            return
        states: dict[str, str] = {}
        if state and self.chance.random() < 0.8:
            for record in self.line.broker.topic("binding.decisions"):
                body = json.loads(record.value or b"{}")
                states[body["binding_id"]] = body["state"]
        fitting = [one for one in self.asked if states.get(str(one[0])) == state] if states else self.asked
        if fitting:
            yield self.chance.choice(fitting[-self.chance.choice((2, 6, 50)) :])

    def wait(self) -> None:
        """Time passes."""
        self.line.clock.move(self.chance.choice((0.5, 5, 60, 3600, 86_400, 3 * 86_400, 10 * 86_400)))
