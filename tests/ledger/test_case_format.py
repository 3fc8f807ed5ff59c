"""What is wrong with a case is one line with file, case, key and line; what comes out otherwise is told by step, field, expected and found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import build
from deploy.ledger import invariants, runner, stating
from deploy.ledger.bills import BILL
from deploy.ledger.case import read_cases
from deploy.ledger.doing import ASKS, DOES
from deploy.ledger.expecting import expected_keys
from deploy.ledger.people import BINDING, INSTITUTION, PERSON
from deploy.ledger.runner import committed, run
from deploy.policy.fields import CaseError
from services.settlement.domain.accounts import counter, move
from services.settlement.domain.book import Book

HEAD = """cases:
  - name: 一 / one
    region: "410100"
    date: 2026-11-23
    people: {孩子: {historic: "10.00"}, 母亲: {historic: "50.00"}}
    bindings: [{sponsor: 母亲, for: 孩子}]
    steps:
"""
SETTLE = '{settle: 孩子, id: 甲, medfee_sumamt: "30.00", expect: settled, shares: [[孩子, historic, "10.00"], [母亲, historic, "20.00"]]}'
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a case file and names it."""

    def written(text: str) -> Path:
        file = tmp_path / "mine.yaml"
        file.write_text(text, "utf-8")
        return file

    return written


def steps(*lines: str, head: str = HEAD) -> str:
    """A file with one case of these steps; the first step stands in line 8."""
    return head + "".join(f"      - {line}\n" for line in lines)


def first(text: str, write: Write) -> tuple[int, str]:
    """Step and words of what comes out otherwise than the one case of a text says."""
    (case,) = read_cases(write(text))
    found = run(case, committed())
    return found.step, str(found.different)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (steps(SETTLE, head=HEAD.replace("region", "regoin")), ["regoin", "unknown key", "(line 3)"]),
        (steps(SETTLE, head=HEAD.replace('"410100"', "410100")), ["region", "410100", "quoted six-digit", "(line 3)"]),
        (steps(SETTLE, head=HEAD.replace("    date: 2026-11-23\n", "")), ["date", "missing", "(line 2)"]),
        (steps(SETTLE, head=HEAD.replace('"10.00"', "10.00")), ["people.孩子", "historic", "10.0", "quoted", "(line 5)"]),
        (steps(SETTLE, head=HEAD.replace("{historic: \"50.00\"}", "{balance: \"50.00\"}")), ["people.母亲", "balance", "(line 5)"]),
        (steps(SETTLE, head=HEAD.replace("for: 孩子", "for: 邻居")), ["bindings", "邻居", "孩子, 母亲", "(line 6)"]),
        (steps(SETTLE, head=HEAD.replace("for: 孩子", "for: 孩子, mode: gift")), ["mode", "gift", "earmark", "(line 6)"]),
        (steps(SETTLE, "{settel: 孩子}"), ["step 2", "did you mean settle", "expected one of settle, quote", "(line 9)"]),
        (steps("{settle: 邻居, medfee_sumamt: \"1.00\"}"), ["step 1", "settle", "邻居", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: 30.00, expect: settled}"), ["step 1", "medfee_sumamt", "30.0", "quoted", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"30.001\", expect: settled}"), ["medfee_sumamt", "two places", "(line 8)"]),
        (steps("{settle: 孩子, expect: settled}"), ["step 1", "medfee_sumamt", "missing", "(line 8)"]),
        (steps(SETTLE.replace("expect: settled", "expect: paied")), ["expect", "paied", "settled", "(line 8)"]),
        (steps(SETTLE.replace("[孩子, historic, \"10.00\"]", "[孩子, historic, 10.00]")), ["shares", "10.0", "quoted", "(line 8)"]),
        (steps(SETTLE.replace("[孩子, historic", "[孩子, olden")), ["shares", "历年", "(line 8)"]),
        (steps(SETTLE.replace("expect", "left_out: {母亲: lazy}, expect")), ["left_out", "lazy", "floor-reached", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\", expect: declined}"), ["code", "missing", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\", expect: declined, code: no}"), ["code", "msgid-reused", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\", cash: \"1.00\"}"), ["expect", "missing", "cash", "(line 8)"]),
        (steps(SETTLE, "{cancel: 乙, expect: cancelled}"), ["step 2", "cancel", "乙", "one of 甲", "(line 9)"]),
        (steps(SETTLE, SETTLE), ["step 2", "甲", "two steps have the id", "(line 9)"]),
        (steps("{wait: soon, balances: {孩子: \"1.00\"}}"), ["wait", "soon", "7天", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\"}"), ["at least one step with `expect`"]),
        (steps(SETTLE) + steps(SETTLE).removeprefix("cases:\n"), ["two cases have this name"]),
        (steps("{settle: 孩子, settle: 母亲}"), ["cannot be read", "there twice", "line 8"]),
        (steps(SETTLE, "{statement: 孩子}"), ["step 2", "expected one of opening", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, month: 11, closing: "0.00"}'), ["month", "11", "for example 2026-11", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, closing: {savings: "0.00"}}'), ["closing", "savings", "另存", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, lines: {settle: "-10.00"}}'), ["lines", "how many", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, lines: {settled: [1, "-10.00"]}}'), ["lines", "settled", "就医购药", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, uses: {本人门诊: "10.00"}}'), ["uses", "given back", "(line 9)"]),
        (steps(SETTLE, '{statement: 孩子, cash: "0.00"}'), ["cash", "unknown key", "closing", "(line 9)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\", expect: settled, told: [own]}"), ["told", "for example", "(line 8)"]),
        (steps("{settle: 孩子, medfee_sumamt: \"1.00\", expect: settled, told: [[邻居, \"1.00\"]]}"), ["told", "sponsor", "(line 8)"]),
        (steps("{cancel: 甲, expect: cancelled}"), ["cancel", "甲", "no step of this case has one", "(line 8)"]),
        (steps(SETTLE, "{settle: 孩子, at: hospitl, medfee_sumamt: \"1.00\"}"), ["at", "hospitl", "医院, 药店", "(line 9)"]),
        ("cases: []", ["a list of cases"]),
        ("cases: [a", ["cannot be read"]),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_names_file_case_key_line_and_what_is_expected(
    write: Write, text: str, says: list[str]
) -> None:
    with pytest.raises(CaseError) as caught:
        read_cases(write(text))
    line = str(caught.value)
    assert line.startswith("mine.yaml: ")
    assert "\n" not in line
    assert [part for part in says if part not in line] == []


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (SETTLE.replace("expect: settled", "expect: quoted"), "outcome: expected quoted, found settled"),
        (SETTLE.replace('"20.00"', '"19.99"'), "shares: expected 孩子 historic 10.00, 母亲 historic 19.99, found 孩子 historic 10.00, 母亲 historic 20.00"),
        (SETTLE.replace("母亲, historic", "母亲, current"), "shares: expected 孩子 historic 10.00, 母亲 current 20.00"),
        (SETTLE.replace("expect", 'told: [[own, "10.00"], [子女, "20.00"]], expect'), "told: expected own 10.00, child 20.00, found none"),
        (SETTLE.replace("expect", 'cash: "0.01", expect'), "cash: expected 0.01, found 0.00"),
        (SETTLE.replace("expect", "left_out: {母亲: frozen}, expect"), "left_out: expected 母亲: frozen, found none"),
        (SETTLE.replace("expect", "differs: true, expect"), "differs: expected true, found false"),
        (SETTLE.replace("expect", "tombstone: true, expect"), "tombstone: expected true, found false"),
        (SETTLE.replace("expect", 'answer: {balc: "1.00"}, expect'), "answer.balc: expected 1.00, found 0.00"),
        (SETTLE.replace("expect", "text: [上限], expect"), "text: expected 上限, found no text"),
        (SETTLE.replace("expect", 'balances: {母亲: "30.01"}, expect'), "balances.母亲: expected 30.01, found 30.00"),
        (SETTLE.replace("expect", 'balances: {母亲: {historic: "30.00", 当年: "1.00"}}, expect'), "balances.母亲.current: expected 1.00, found 0.00"),
        (SETTLE.replace("expect", 'held: {母亲: "1.00"}, expect'), "held: expected 母亲: 1.00, found none"),
        (SETTLE.replace("expect", 'recoveries: {母亲: "1.00"}, expect'), "recoveries: expected 母亲: 1.00, found none"),
        ('{settle: 孩子, credential: 母亲, medfee_sumamt: "1.00", expect: declined, code: patient-unknown}', "code: expected patient-unknown, found credential-not-patient"),
        ('{settle: 孩子, credential: 母亲, medfee_sumamt: "1.00", expect: declined, code: credential-not-patient, field: psn_no}', "field: expected psn_no, found mdtrt_cert_no"),
        ('{settle: 孩子, credential: 母亲, medfee_sumamt: "1.00", balances: {孩子: "10.00"}}', "outcome: expected not refused, since nothing else is said, found declined (credential-not-patient, mdtrt_cert_no) 就诊凭证不是就诊人本人的"),
        ('{pay_premium: 孩子, payer: 母亲, amount: "1.00", expect: declined, reasons: [premium-already-paid]}', "reasons: expected premium-already-paid, found premium-binding-missing"),
        ('{settle: 孩子, medfee_sumamt: "80.00", expect: settled, shares: [[孩子, historic, "10.00"], [母亲, historic, "50.00"]], cash: "20.00", not_text: [不足]}', "text: expected nothing of 不足, found"),
    ],
)  # fmt: skip
def test_each_thing_that_is_expected_is_compared(write: Write, step: str, says: str) -> None:
    n, line = first(steps(step), write)
    assert n == 1
    assert line.startswith(says)


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ('opening: "0.01"', "opening: expected 0.01, found 0.00"),
        ('closing: {historic: "0.01"}', "closing.historic: expected 0.01, found 0.00"),
        ('movements: {历年: "1.00"}', "movements.historic: expected 1.00, found 0.00"),
        ('refunds: "-1.00"', "refunds: expected -1.00, found 0.00"),
        ("lines: {}", "lines: expected none, found credit: 1 × 10.00, settle: 1 × -10.00"),
        ('uses: {本人门诊: ["10.00", "1.00"]}', "uses: expected 本人门诊: 10.00 - 1.00, found 本人门诊: 10.00 - 0.00"),
        ("text: [王小明]", "text: expected 王小明, found"),
        ("not_text: [划入]", "text: expected nothing of 划入, found"),
    ],
)  # fmt: skip
def test_each_thing_that_a_statement_must_show_is_compared(write: Write, expected: str, says: str) -> None:
    n, line = first(steps(SETTLE, f"{{statement: 孩子, {expected}}}"), write)
    assert (n, line[: len(says)]) == (2, says)


def test_every_fault_of_a_file_is_told_at_once(write: Write) -> None:
    other = steps(SETTLE, head=HEAD.replace("region", "regoin").removeprefix("cases:\n").replace("一", "二"))
    with pytest.raises(CaseError) as caught:
        read_cases(write(steps("{settle: 邻居}", "{setle: 孩子}", SETTLE, "{wait: soon}") + other))
    assert [line.split(": ")[2] for line in caught.value.lines] == ["第1步 step 1", "第2步 step 2", "第4步 step 4", "regoin"]  # fmt: skip


def test_a_file_of_another_encoding_is_told_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(steps(SETTLE).encode("gb18030"))
    with pytest.raises(CaseError, match=r"mine\.yaml: .*save it as UTF-8"):
        read_cases(tmp_path / "mine.yaml")


def test_two_verbs_in_a_step_are_named(write: Write) -> None:
    with pytest.raises(CaseError, match=r"one verb a step, found settle, cancel \(line 8\)"):
        read_cases(write(steps("{settle: 孩子, cancel: 甲}")))


def test_the_usual_institutions_have_english_names_and_times_need_no_seconds(write: Write) -> None:
    text = steps('{settle: 孩子, at: pharmacy, date: 2026-11-23 9:30, medfee_sumamt: "1.00", expect: settled, shares: [[孩子, historic, "1.00"]], answer: {infno: "2102"}}', head=HEAD.replace("2026-11-23", "2026-11-23 09:00"))  # fmt: skip
    assert first(text, write) == (0, "None")


def test_everything_that_is_not_named_must_not_be_there(write: Write) -> None:
    """Shares, cash and bindings left out are compared whole."""
    assert first(steps('{settle: 孩子, medfee_sumamt: "30.00", expect: settled}'), write)[1].startswith(
        "shares: expected none"
    )
    frozen = steps("{freeze: 母亲}", '{settle: 孩子, medfee_sumamt: "30.00", expect: settled, shares: [[孩子, historic, "10.00"]]}')  # fmt: skip
    assert first(frozen, write) == (2, "cash: expected 0.00, found 20.00")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("{end: 孩子, for: 母亲}",), "孩子: there is no binding for 母亲 yet"),
        (("{resume: 母亲, for: 孩子}",), "is not suspended"),
        (("{until: 2026-11-22}",), "time goes forward"),
        (("{cancel: 甲, expect: cancelled}", SETTLE), "no step before this one has this id"),
        (('{settle: 孩子, medfee_sumamt: "1.00", hosp_part_amt: "2.00", expect: settled}',), "parts of the bill are more"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_carried_out_is_a_difference(
    write: Write, lines: tuple[str, ...], says: str
) -> None:
    more = '{wait: 1分钟, balances: {孩子: "10.00"}}'
    n, line = first(steps(*lines, more), write)
    assert n == 1
    assert says in line


def test_a_fault_of_a_cases_policy_is_a_difference_before_the_first_step(write: Write) -> None:
    wrong = HEAD.replace("    people", "    policy: {set: {spending.flor: 1}}\n    people")
    n, line = first(steps(SETTLE, head=wrong), write)
    assert n == 0
    assert "spending.flor" in line


def test_a_message_that_the_decision_cannot_bear_is_a_difference(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("services.settlement.handlers.SettlementHandler.decide", fails)
    assert first(steps(SETTLE), write) == (
        0,
        "decision: expected one, found a fault of the program: ZeroDivisionError: by nothing",
    )


def wrongly(book: Book, kind: str) -> None:
    """Does to a sound book what must never happen."""
    account, at, posting = book.accounts["P000002"], book.new_entries[0].at, bytes(15)
    if kind == "posting":
        book.new_entries.append(move(account, 1, 5, posting, "credit", at))
    elif kind == "balance":
        account.historic += 1
    elif kind == "version":
        account.version += 1
        book.new_entries.append(move(account, 1, 5, posting, "credit", at))
        book.new_entries.append(counter("authority", -5, posting, "credit", at))
    elif kind == "negative":
        account.historic = 6000
        book.new_entries.append(move(account, 1, -6000, posting, "settle", at))
        book.new_entries.append(counter("authority", 6000, posting, "settle", at))
    elif kind == "settlement":
        (found,) = book.settlements.values()
        book.new_entries.append(move(account, 1, -5, posting, "again", at, original=found.setl_id))
        book.new_entries.append(counter("authority", 5, posting, "again", at))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("posting", "its lines sum to 5 fen"),
        ("balance", "the entries sum to"),
        ("version", "version"),
        ("negative", "below zero"),
        ("settlement", "by its result"),
    ],
)
def test_a_ledger_that_is_not_sound_is_found_after_the_step(
    write: Write, monkeypatch: pytest.MonkeyPatch, kind: str, says: str
) -> None:
    kept: list[Book] = []

    def planted(book: Book) -> Any:
        if not kept:
            assert list(invariants.broken(book)) == []
            wrongly(book, kind)
            kept.append(book)
        return invariants.broken(book)

    monkeypatch.setattr(runner, "broken", planted)
    n, line = first(steps(SETTLE, '{wait: 1分钟, balances: {孩子: "0.00"}}'), write)
    assert n == 1
    assert line.startswith("ledger: expected sound, found ")
    assert any(says in one for one in invariants.broken(kept[0]))


def gongji(*words: object) -> Result:
    return CliRunner().invoke(build("ledger"), ["ledger", "try", *map(str, words)])


def test_the_command_counts_and_succeeds_for_files_and_folders(write: Write) -> None:
    file = write(steps(SETTLE))
    below = file.parent / "deeper" / "more.yaml"
    below.parent.mkdir()
    below.write_text(steps(SETTLE, '{cancel: 甲, expect: cancelled, shares: [[母亲, historic, "20.00"], [孩子, historic, "10.00"]]}'), "utf-8")  # fmt: skip
    done = gongji(file.parent)
    assert (done.exit_code, "2 例" in done.output, "all as expected" in done.output) == (0, True, True)
    assert gongji(file, below).output.count(".yaml") == 2


def test_the_command_ends_at_the_first_difference_with_file_case_step_field_expected_and_found(
    write: Write,
) -> None:
    second = (
        steps(SETTLE.replace('"20.00"', '"1.00"')).removeprefix("cases:\n").replace("一 / one", "二 / two")
    )
    file = write(steps(SETTLE.replace("expect: settled", "expect: quoted")) + second)
    done = gongji(file)
    assert done.exit_code == 1
    assert "mine.yaml: 一 / one: 第1步 step 1 (settle 孩子) (line 8): 结果 outcome：应为 expected quoted；实为 found settled" in done.output  # fmt: skip
    assert "二 / two" not in done.output
    assert "二 / two" in gongji(file, "--keep-going").output
    rows = json.loads(gongji(file, "--keep-going", "--json").output)
    assert [(r["passed"], r["step"], r["field"]) for r in rows] == [(False, 1, "outcome"), (False, 1, "shares")]  # fmt: skip


def test_the_command_says_what_it_cannot_read_and_runs_only_names_that_match(write: Write) -> None:
    bad = gongji(write(steps(SETTLE.replace('"30.00"', "30.00"))))
    assert (bad.exit_code, "ledger: mine.yaml: 一 / one: 第1步 step 1: medfee_sumamt" in bad.output) == (
        1,
        True,
    )
    file = write(steps(SETTLE))
    assert gongji(file, "--name", "one").exit_code == 0
    assert "no case whose name matches 二" in gongji(file, "--name", "二").output


def test_the_command_lays_region_files_over_the_projects(write: Write, tmp_path: Path) -> None:
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "zhengzhou.yaml").write_text(
        'region: "410100"\nname: {zh: 郑州市, en: Zhengzhou}\nparent: "100000"\nspending:\n  floor:\n'
        '    - {from: 2026-01-01, value: "45.00", reference: 测试, grade: P}\n',
        "utf-8",
    )
    file = write(steps('{settle: 孩子, medfee_sumamt: "30.00", expect: settled, shares: [[孩子, historic, "10.00"], [母亲, historic, "5.00"]], cash: "15.00"}'))  # fmt: skip
    assert gongji(file).exit_code == 1
    assert gongji(file, "--regions", tmp_path / "regions").exit_code == 0


def test_the_documents_examples_come_out_as_they_say(write: Write) -> None:
    page = (Path(__file__).parents[2] / "docs" / "ledger-cases.md").read_text("utf-8")
    examples = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    whole = [text for text in examples if "cases:\n" in text]
    assert len(whole) == 2
    for example in whole:
        (case,) = read_cases(write(example))
        assert run(case, committed()).line == ""


def test_the_document_names_every_verb_and_everything_that_can_be_expected(write: Write) -> None:
    page = (Path(__file__).parents[2] / "docs" / "ledger-cases.md").read_text("utf-8")
    known = [
        *DOES,
        *ASKS,
        "statement",
        *expected_keys({"孩子": None}),
        *stating.EXPECTED,
        *PERSON,
        *INSTITUTION,
        *BINDING,
        *BILL,
    ]
    assert [key for key in known if f"`{key}" not in page] == []
