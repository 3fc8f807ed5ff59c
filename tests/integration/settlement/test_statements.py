"""A person's statement of a month from a real ledger, read with the desk's role: the look on the record, the sums, CSV and PDF."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from pypdf import PdfReader
from typer.testing import CliRunner

from deploy.cli import build
from deploy.commands.ledger_statement import document
from deploy.statements import csv_file, pdf_file
from deploy.statements.document import Document
from services.settlement.desk import operators
from services.settlement.desk import statements as reading
from services.settlement.desk.statements import Look
from shared import policies
from shared.clock import BEIJING
from shared.contracts.base import fen
from shared.contracts.operators import parse
from shared.db import Conn, connection_settings
from shared.ids import SystemIds
from tests.integration.settlement.ledger import Ledger
from tests.unit.settlement import kit

DECEMBER = "2026-12-05T09:00:00+08:00"


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    made = await Ledger.open(database_urls["settlement"])
    yield made
    await made.pool.close()


@pytest_asyncio.fixture
async def desk(ledger: Ledger, database_urls: dict[str, str]) -> AsyncIterator[Conn]:
    """The desk's role, as the commands connect; the ledger is there first."""
    conn = await asyncpg.connect(database_urls["desk"], server_settings=connection_settings("desk"))
    yield conn
    await conn.close()


def look(ledger: Ledger, who: str, month: str = "2026-11", *, family: bool = False) -> Look:
    return Look(SystemIds().new(), who, month, family, "ledger-01", "本人申请对账", ledger.clock.now())


async def shown(desk: Conn, asked: Look) -> Document:
    """The statement, as the command makes it."""
    await reading.record(desk, asked)
    async with desk.transaction(isolation="repeatable_read", readonly=True):
        found = await reading.read(desk, asked.id)
    assert found is not None
    begin = datetime.strptime(asked.month, "%Y-%m").replace(tzinfo=BEIJING)
    return document(found, asked, begin, policies.load())


async def balance(ledger: Ledger, who: str) -> int:
    return int(await ledger.pool.fetchval("select current + historic from account where psn_no = $1", who))


async def family_month(ledger: Ledger) -> None:
    """Bills of the child in November (own 10.00, mother 20.00, the father the rest), a refund, and bills of December."""
    one = await ledger.bill("45.00")
    await ledger.back("refund", setl_id=one["setl_id"], amount="4.00")
    two = await ledger.bill("3.00")
    await ledger.back("cancel", setl_id=two["setl_id"])
    await ledger.bill("2.00", code=kit.PHARMACY, source="pharmacy-chain", med_type="41")
    body = {"psn_no": "father", "entry_id": "E-more", "at": ledger.clock.now(), "admdvs": "330700", "amount": "7.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", body, "authority")
    ledger.pass_to(DECEMBER)
    await ledger.bill("1.00")


def column(rows: list[tuple[str, ...]], name: int) -> int:
    return sum(fen(row[name]) for row in rows)


async def test_opening_movements_and_refunds_make_the_closing_balance_of_the_ledger(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    await family_month(ledger)
    november = await shown(desk, look(ledger, "father"))
    december = await shown(desk, look(ledger, "father", "2026-12"))
    one = november.statement
    assert sum(one.opening) == 0
    assert sum(one.closing) == sum(one.total(refunds=False)) + sum(one.total(refunds=True))
    assert one.closing == december.statement.opening
    assert sum(december.statement.closing) == await balance(ledger, "father")
    assert {line.moved.kind for line in one.lines if line.refund} == {"refunded", "cancelled"}
    assert {line.moved.kind for line in one.lines if not line.refund} == {"credit", "settle"}


async def test_a_sponsor_reads_whom_the_money_was_for_and_never_the_number(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    await family_month(ledger)
    made = await shown(desk, look(ledger, "father", family=True))
    text = csv_file.text(made)
    assert "为亲属就医购药（门诊）" in text
    assert "为亲属就医购药（药店购药）" in text
    assert "子女 ***" in text
    assert "child" not in text
    assert "father" not in text
    assert made.family is not None
    (row,) = made.family
    assert row[:3] == ("子女 ***", "有效", "3")
    assert fen(row[3]) == 1_300 == fen(row[4])  # 15.00 - 4.00 + 3.00 - 3.00 + 2.00


async def test_a_patient_reads_the_own_bills_and_nothing_of_the_sponsors(ledger: Ledger, desk: Conn) -> None:
    await family_month(ledger)
    made = await shown(desk, look(ledger, "child"))
    assert [(line.what, line.whom) for line in made.statement.lines] == [
        ("划入", ""),
        ("就医购药（门诊）", ""),
    ]
    assert column(made.moved(refunds=False), 5) == 0
    assert [use.what for use in made.statement.uses] == ["本人门诊"]


async def test_a_month_without_movements_says_what_was_there(ledger: Ledger, desk: Conn) -> None:
    ledger.pass_to("2027-02-01T09:00:00+08:00")
    made = await shown(desk, look(ledger, "mother", "2027-01"))
    assert (made.statement.lines, made.statement.opening) == ((), (0, 2_000, 0, 0))
    assert made.balances()[-1] == ("合计", "", "20.00", "20.00")


async def test_the_turn_of_the_year_moves_between_segments_and_changes_no_sum(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    body = {"psn_no": "mother", "entry_id": "E-now", "at": ledger.clock.now(), "admdvs": "330100", "amount": "5.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", body, "authority")
    ledger.pass_to("2027-01-01T00:10:00+08:00")
    turned = {"psn_no": "mother", "entry_id": "T-1", "at": ledger.clock.now(), "year": 2027}
    await ledger.send("account.credits.year-turned", turned, "authority")
    made = await shown(desk, look(ledger, "mother", "2027-01"))
    (line,) = made.statement.lines
    assert (line.what, line.moved.current, line.moved.historic, line.moved.net) == ("年度结转", -500, 500, 0)


async def test_the_csv_is_for_a_spreadsheet_and_its_rows_add_up(ledger: Ledger, desk: Conn) -> None:
    await family_month(ledger)
    made = await shown(desk, look(ledger, "father"))
    text = csv_file.text(made)
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    moved = sum(fen(amount) for row in rows if row[0] in ("变动", "退款") for amount in row[5:9])
    closing = sum(fen(row[4]) for row in rows if row[0] == "余额" and row[1] != "合计")
    assert moved == closing == sum(made.statement.closing)


def cells(reader: PdfReader) -> list[str]:
    """What each cell says, in the order in which the pages were written."""
    found: list[str] = []

    def visit(text: str, *_: Any) -> None:
        if text.strip():
            found.append("".join(text.split()))

    for page in reader.pages:
        page.extract_text(visitor_text=visit)
    return found


async def test_the_pdf_says_in_chinese_what_adds_up_to_the_ledgers_balance(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    for _ in range(40):  # more than a page
        body = {"psn_no": "father", "entry_id": f"E-{_}", "at": ledger.clock.now(), "admdvs": "330700", "amount": "0.07", "segment": "current"}  # fmt: skip
        await ledger.send("account.credits.credited", body, "authority")
    one = await ledger.bill("45.00")
    await ledger.back("refund", setl_id=one["setl_id"], amount="4.00")
    made = await shown(desk, look(ledger, "father", family=True))
    reader = PdfReader(io.BytesIO(pdf_file.render(made)))
    said = cells(reader)
    whole = "".join(said)
    assert len(reader.pages) >= 2
    for words in ("医保个人账户家庭共济对账单", "2026年11月", "划入", "为亲属就医购药（门诊）", "退费", "子女", "家庭共济", f"第{len(reader.pages)}页，共{len(reader.pages)}页"):  # fmt: skip
        assert words in whole, words
    assert column_sums(said) == [280, 3_000 - 1_500 + 400, 0, 0]
    assert sum(column_sums(said)) == await balance(ledger, "father")


def column_sums(said: list[str]) -> list[int]:
    """The four columns of money of movements and refunds, added up again from the text of the pages."""
    sums = [0, 0, 0, 0]
    amounts = [(n, fen(text)) for n, text in enumerate(said) if text.lstrip("-").replace(".", "").isdigit() and "." in text]  # fmt: skip
    at = 0
    first, last = said.index("变动"), len(said) - said[::-1].index("收支核对") - 1
    inside = [amount for n, amount in amounts if first < n < last]
    while at < len(inside):
        row = inside[at : at + 5]
        sums = [a + b for a, b in zip(sums, row[:4], strict=True)]
        at += 5
    return sums


async def test_the_font_of_the_pdf_is_embedded(ledger: Ledger, desk: Conn) -> None:
    made = await shown(desk, look(ledger, "mother"))
    content = pdf_file.render(made)
    fonts = [f.get_object() for p in PdfReader(io.BytesIO(content)).pages for f in p["/Resources"]["/Font"].values()]  # type: ignore[index]  # fmt: skip
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert "MicroHei" in str(font["/BaseFont"])
    assert len(content) < 200_000  # only the characters that occur


async def test_nothing_is_shown_without_a_look_on_the_record_or_in_the_transaction_that_records_it(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    asked = look(ledger, "father")
    assert await reading.read(desk, asked.id) is None
    await desk.execute("begin read write")
    await desk.execute(reading.Q["look"], asked.id, "father", "2026-11", False, "ledger-01", "本人申请对账", asked.at)  # fmt: skip
    assert await reading.read(desk, asked.id) is None
    await desk.execute("rollback")
    await reading.record(desk, asked)
    assert await reading.read(desk, asked.id) is not None
    for table in ("statement_look", "entry", "account", "binding"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.fetch(f"select * from settlement.{table}")
    for function in ("lines_of('father', now())", "pots_of('father')", f"look_of('{asked.id}')"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.fetch(f"select * from settlement.{function}")
    kept = await ledger.pool.fetch("select psn_no, month, operator_id, why from statement_look")
    assert [tuple(row) for row in kept] == [("father", "2026-11", "ledger-01", "本人申请对账")]
    with pytest.raises(asyncpg.PostgresError):
        await ledger.pool.execute("delete from statement_look")


@pytest.mark.parametrize(
    ("operator", "who", "why"),
    [
        ("ledger-01", "father", None),
        ("reviewer-01", "father", "operator-role-missing"),
        ("nobody", "father", "operator-role-missing"),
        ("ledger-32", "father", "operator-region"),
        ("ledger-32", "stranger", "operator-region"),
        ("ledger-0001", "mother", "operator-is-party"),
        ("ledger-0001", "child", None),
    ],
)
async def test_the_database_shows_a_statement_to_an_operator_of_the_ledger_and_region_only_whatever_program_asks(
    ledger: Ledger, desk: Conn, operator: str, who: str, why: str | None
) -> None:
    asked = replace(look(ledger, who), operator=operator)
    await reading.record(desk, asked)
    assert (await reading.read(desk, asked.id) is None) == (why is not None)
    assert await reading.refusal(desk, asked.id) == why
    for name in ("balances", "movements"):
        assert bool(await desk.fetch(reading.Q[name], asked.id)) == (why is None)
    assert await ledger.pool.fetchval("select operator_id from statement_look") == operator
    for statement in ("delete from settlement.ledger_operator", "select * from settlement.ledger_operator"):
        with pytest.raises(asyncpg.PostgresError):
            await desk.execute(statement)


async def test_who_is_registered_no_more_sees_nothing_more(ledger: Ledger, desk: Conn) -> None:
    async with ledger.pool.acquire() as conn:
        await operators.keep(conn, [])
    asked = look(ledger, "father")
    await reading.record(desk, asked)
    assert await reading.read(desk, asked.id) is None


async def test_a_look_is_over_after_five_minutes(ledger: Ledger, desk: Conn) -> None:
    old = UUID(int=7)
    await ledger.pool.execute(
        "insert into statement_look (look_id, psn_no, month, family, operator_id, why, at, recorded_at)"
        " values ($1, 'father', '2026-11', false, 'ledger-01', '本人申请对账', now(), clock_timestamp() - interval '301 seconds')",
        old,
    )
    assert await reading.read(desk, old) is None


OPERATORS = """operators:
  - {id: ledger-77, roles: [ledger], regions: ["330000"], persons: [mother]}
  - {id: ledger-32, roles: [ledger], regions: ["320000"]}
  - {id: reviewer-77, roles: [reviewer], regions: ["100000"]}
"""


async def test_the_command_writes_both_files_for_an_operator_of_the_ledger_only(
    ledger: Ledger, database_urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await family_month(ledger)
    (tmp_path / "operators.yaml").write_text(OPERATORS, encoding="utf-8")
    for name, value in {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "GONGJI_DESK_DATABASE_URL": database_urls["desk"], "GONGJI_OPERATORS": str(tmp_path / "operators.yaml"), "GONGJI_HOME": str(tmp_path)}.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    async with ledger.pool.acquire() as conn:
        await operators.keep(conn, parse(OPERATORS).values())

    def run(operator: str, who: str = "father", *more: str) -> Any:
        words = ["ledger", "statement", who, "--month", "2026-11", "--operator", operator, "--why", "本人申请对账", *more]  # fmt: skip
        return CliRunner().invoke(build("ledger"), words)

    files = tmp_path / "a.csv", tmp_path / "a.pdf"
    done = await asyncio.to_thread(run, "ledger-77", "father", "--family", "--csv", str(files[0]), "--pdf", str(files[1]))  # fmt: skip
    assert done.exit_code == 0, done.output
    assert files[0].read_bytes().startswith(b"\xef\xbb\xbf")
    assert "为亲属就医购药（门诊）" in files[0].read_text("utf-8")
    assert len(PdfReader(files[1]).pages) >= 1
    for operator, who in (("reviewer-77", "father"), ("nobody", "father"), ("ledger-77", "mother"), ("ledger-32", "father"), ("ledger-77", "nobody")):  # fmt: skip
        refused = await asyncio.to_thread(run, operator, who)
        assert refused.exit_code != 0, (operator, who)
        assert who not in str(refused.exception), (operator, who)


async def test_what_is_set_apart_on_its_way_or_received_is_each_persons_own(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    """Rows as transfers and holds make them: 3.00 held of a quote, 4.00 on its way, 5.00 arrived in the child's wallet."""
    binding = kit.binding_id(1)
    for n, (account, kind, amount) in enumerate((("hold/mother", "hold", 300), ("transfer/00000000-0000-0000-0000-000000000001", "transfer", 400), (f"wallet/{binding}", "transfer-accepted", 500))):  # fmt: skip
        await ledger.pool.execute("insert into account (psn_no) values ($1)", account)
        if kind == "transfer":
            await ledger.pool.execute(
                "insert into transfer (transfer_id, hash, binding_id, giver, receiver, amount, state, account, source, message, answer, at, until)"
                " values ('00000000-0000-0000-0000-000000000001', '', $1, 'mother', 'child', 400, 'offered', $2, '', '', '', now(), now())",
                binding,
                account,
            )
        for name, sign in (("mother", -1), (account, 1)):
            await ledger.pool.execute(
                "with a as (update account set historic = historic + $3, version = version + 1 where psn_no = $2 returning historic, version)"
                " insert into entry (posting, account, segment, amount, balance_after, version, kind, at, binding_id)"
                " select $1, $2, 'historic', $3, historic, version, $4, $5, $6 from a",
                bytes([n + 1] * 15), name, sign * amount, kind, ledger.clock.now(), binding,
            )  # fmt: skip
    mother = (await shown(desk, look(ledger, "mother"))).statement
    child = (await shown(desk, look(ledger, "child"))).statement
    assert [b[:2] + b[3:] for b in mother.balances] == [("hold", "historic", 300), ("own", "historic", 800), ("transfer", "historic", 400)]  # fmt: skip
    assert mother.closing == (0, 800, 700, 0)
    assert [(line.what, line.moved.net) for line in mother.lines[1:]] == [
        ("预结算保留", 0), ("划转给亲属", 0), ("划转已接收", -500),
    ]  # fmt: skip
    assert child.closing == (0, 1_000, 500, 0)
    (got,) = [line for line in child.lines if line.moved.kind == "transfer-accepted"]
    assert (got.moved.apart, got.whom) == (500, "")


async def test_who_has_no_account_but_received_money_has_a_statement_of_the_insurances_region(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    wallet = f"wallet/{kit.binding_id(1)}"
    await ledger.pool.execute(
        "update binding set beneficiary = 'grandmother' where binding_id = $1", kit.binding_id(1)
    )
    await ledger.pool.execute(
        "insert into account (psn_no, admdvs, historic, version) values ($1, '330700', 500, 1)", wallet
    )
    await ledger.pool.execute(
        "insert into entry (posting, account, segment, amount, balance_after, version, kind, at) values ($1, $2, 'historic', 500, 500, 1, 'transfer-accepted', $3)",
        b"w" * 15, wallet, ledger.clock.now(),
    )  # fmt: skip
    made = await shown(desk, look(ledger, "grandmother"))
    assert (made.admdvs, made.version, made.statement.closing) == ("330700", 0, (0, 0, 500, 0))
    await ledger.pool.execute(
        "insert into person (psn_no, version, cert, alive, insured) values ('grandmother', 1, 'x', true, $1)",
        '[["310", "4", "330200"], ["390", "1", "330100"]]',
    )
    assert (await shown(desk, look(ledger, "grandmother"))).admdvs == "330100"


NAME = "浙江省人民医院望江山院区（杭州市西湖区龙井路社区卫生服务中心）·钱塘分院"


async def test_an_institution_has_its_newest_registered_name_and_its_code_where_none_is_kept(ledger: Ledger, desk: Conn) -> None:  # fmt: skip
    await ledger.bill("45.00")
    await ledger.bill("2.00", code=kit.PHARMACY, source="pharmacy-chain", med_type="41")
    named = kit.institution(kit.HOSPITAL, fixmedins_name=NAME, version=2)
    await ledger.send("registry.institutions.recorded", named, "authority")
    await ledger.send("registry.institutions.recorded", kit.institution(kit.HOSPITAL), "authority")  # older
    await ledger.pool.execute("update institution set name = null where fixmedins_code = $1", kit.PHARMACY)
    made = await shown(desk, look(ledger, "father"))
    where = [line.where for line in made.statement.lines if line.moved.kind == "settle"]
    assert where == [NAME, f"药店 {kit.PHARMACY}"]
    rows = list(csv.reader(io.StringIO(csv_file.text(made).removeprefix("\ufeff"))))
    assert [row[-1] for row in rows if row[0] == "变动" and row[2].startswith("为亲属")] == [kit.HOSPITAL, kit.PHARMACY]  # fmt: skip
    assert NAME in "".join(cells(PdfReader(io.BytesIO(pdf_file.render(made)))))
