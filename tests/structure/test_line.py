"""Topics, types and states of the line are as the design says."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.topics import FILE, parse
from shared.contracts import sources
from shared.contracts.binding_decisions import STEP_OF_STATE, TYPE_TO_STATE, State
from shared.contracts.envelope import ce_type, split_type
from shared.contracts.sources import SERVICES
from shared.contracts.topics import TOPICS, TYPES, consumed_by
from tests.structure.source import ROOT, calls, files, parsed

DESIGNED = {
    "binding.requests": "submitted supplemented withdrawn unbind-requested scope-changed quota-changed dates-changed rank-changed "
    "account-opened",
    "beneficiary.requests": "consented declined unbind-requested order-changed",
    "binding.screenings": "passed refused consent-needed consent-expired withdrawn unbind-checked change-checked condition-changed",
    "review.verdicts": "claimed released taken-over verdict-given revealed suspended resumed ended-by-authority "
    "person-suspended person-resumed person-ended",
    "binding.decisions": "received consent-requested under-review supplement-requested approved refused rejected withdrawn expired "
    "changed suspended resumed ended",
    "binding.notices": "sent delivered failed handed-to-staff",
    "notice.receipts": "acknowledged",
    "settlement.requests": "quote settle cancel reverse refund query",
    "settlement.results": "quoted settled declined cancelled reversed refunded premium-paid premium-cancelled found transferred",
    "premium.requests": "pay cancel remitted",
    "account.transfers": "offered accepted declined withdrawn",
    "account.credits": "credited corrected year-turned frozen unfrozen closed",
    "registry.persons": "recorded",
    "registry.relations": "recorded",
    "registry.institutions": "recorded",
    "reconciliation.requests": "totals detail clear uncleared",
    "ledger.verdicts": "break-closed period-closed held-released recovery-settled",
}


def test_types_are_those_of_the_design() -> None:
    for topic, suffixes in DESIGNED.items():
        found = {spec.short.removeprefix(f"{topic}.") for spec in TYPES.values() if spec.topic == topic}
        assert found == set(suffixes.split()), topic
    assert TOPICS.keys() - DESIGNED.keys() == {"answers"}
    assert all(split_type(ce_type(short)) == (short, 1) for short in TYPES)


def test_every_topic_has_a_consumer() -> None:
    for topic in TOPICS.values():
        assert topic.consumers, topic.name
        assert set(topic.consumers) <= {*SERVICES, "operators", "sources"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_subscribes_to_what_the_registry_says(service: str) -> None:
    """Either through `consumed_by`, or by a literal list of the same topics."""
    values = [value for path in files(f"services/{service}") for value in _assigned(path, "topics")]
    assert len(values) == 1
    if isinstance(values[0], ast.Tuple):
        assert sorted(ast.literal_eval(values[0])) == sorted(consumed_by(service))
    else:
        assert ast.unparse(values[0]) == f"consumed_by('{service}')"


def _assigned(path: Path, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(parsed(path)):
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and node.value is not None
            and getattr(target, "id", "") == name
        ):
            yield node.value


def test_the_broker_has_every_topic_and_no_other() -> None:
    declared = {topic.name for topic in parse(FILE.read_text(encoding="utf-8"), sources.load(), SERVICES)}
    answers = {f"answers.{source}" for source in sources.load()}
    letters = {f"{service}.dead-letters" for service in SERVICES}
    assert declared == (TOPICS.keys() - {"answers"}) | answers | letters


def test_every_type_of_a_decision_leads_to_one_state_and_every_state_has_a_type() -> None:
    assert set(DESIGNED["binding.decisions"].split()) == TYPE_TO_STATE.keys()
    assert {state for state in TYPE_TO_STATE.values() if state} == set(State)
    assert [suffix for suffix, state in TYPE_TO_STATE.items() if state is None] == ["changed"]
    assert STEP_OF_STATE.keys() == set(State)
    assert {state for state in State if state.final} == {
        State.ENDED, State.REFUSED, State.REJECTED, State.WITHDRAWN, State.EXPIRED
    }  # fmt: skip


def test_one_subscriber_with_its_own_acknowledgement() -> None:
    subscribers = [
        call for path in files("services", "shared") for call in calls(path, "subscriber") if call.keywords
    ]
    assert len(subscribers) == 1
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in subscribers[0].keywords}
    assert given["ack_policy"] == "AckPolicy.NACK_ON_ERROR"
    assert given["auto_offset_reset"] == "'earliest'"
    assert given["batch"] == "True"
    assert {"parser", "decoder", "group_id", "group_instance_id", "listener"} <= given.keys()


@pytest.mark.parametrize(
    "trap", ["publish_batch", "on_shutdown", "Context", "commit_offsets", "send_and_wait"]
)
def test_no_code_of_ours_steps_into_a_known_trap(trap: str) -> None:
    found = [path.name for path in files("services", "shared") for _ in calls(path, trap)]
    assert found == []


def test_the_packages_are_ours() -> None:
    """Distributions of these names exist elsewhere; the imported ones have to be this checkout's."""
    for name in ("services", "shared", "deploy"):
        package = importlib.import_module(name)
        assert package.__file__ is not None
        assert package.__file__.startswith(f"{ROOT}/{name}/")
