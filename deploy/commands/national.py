"""`gongji national`: payloads of the national interface into messages, and answers into payloads."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from deploy.local.errors import StackError
from shared import policies
from shared.clock import BEIJING, SystemClock
from shared.contracts import answers
from shared.contracts.envelope import ce_type
from shared.contracts.topics import TYPES
from shared.ids import SystemIds
from shared.national import replies
from shared.national.convention import Convention
from shared.national.fields import Fault, Untranslatable
from shared.national.requests import header, read_request
from shared.national.scalars import parse

app = typer.Typer(
    help="Payloads of the national interface for institutions (定点医药机构接口).",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
Region = Annotated[
    str, typer.Option(help="Region whose institutions wrote it (six digits); says how they write the parts of a bill.")
]  # fmt: skip
REGION = "100000"


@app.command("message")
def message(
    file: Annotated[Path, typer.Argument(help="One national request as JSON; - reads standard input.")],
    source: Annotated[str, typer.Option(help="Our source id of the sending system.")],
    region: Region = "",
) -> None:
    """Print the CloudEvent of a national request (2102-2305, 2601, 5203, 3201-3204), ready for `gongji publish`.

    Without --region the payload's own mdtrtarea_admvs counts. Ends with status 1 and the national refusal if it cannot be translated.

        gongji national message 2207.json --source hospital-hz > bill.json
        gongji publish bill.json --wait
    """
    now = SystemClock().now()
    try:
        given = _request(file)
        place = region or header(given).get("mdtrtarea_admvs") or REGION
        found = read_request(given, _convention(place))
    except Untranslatable as error:
        _print(replies.write_refusal(error, _reference(REGION, now), now))
        for fault in error.faults:
            typer.echo(f"{fault.field}: {fault.reason}，如 for example {fault.example}", err=True)
        raise typer.Exit(1) from None
    spec = TYPES[found.short]
    _print({
        "specversion": "1.0", "id": str(SystemIds().new()), "source": source, "type": ce_type(found.short),
        "subject": spec.subject_of(found.body), "time": (found.sent_at or now).isoformat(), "topic": spec.topic,
        "partitionkey": spec.key_of(found.body), "data": found.body.model_dump(mode="json", exclude_unset=True),
    })  # fmt: skip


@app.command("answer")
def answer(
    file: Annotated[
        Path, typer.Argument(help="An answer as a CloudEvent or its data alone; - reads standard input.")
    ],
    region: Region = REGION,
) -> None:
    """Print the national answer (infcode, setlinfo or stmtinfo) of one of answers.settlement or answers.reconciliation.

    gongji national answer answer.json --region 440000
    """
    given = _document(file)
    data = given.get("data", given)
    now = SystemClock().now()
    reference = _reference(region, now)
    try:
        if "infcode" in data:
            found = answers.Settlement.model_validate_json(json.dumps(data))
            _print(replies.write_settlement(found, _convention(region), reference, now))
        else:
            statement = answers.Reconciliation.model_validate_json(json.dumps(data))
            _print(replies.write_statement(statement, reference, now))
    except ValidationError as error:
        names = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise StackError(
            f"{file}: no answer of gongji ({names})", "Give it what stands on answers.<source>."
        ) from None


def _request(file: Path) -> dict[str, Any]:
    """The envelope in a file. Raises `Untranslatable` for what is none: its sender is told like any other."""
    complaint = "不是 JSON 对象 / is no JSON object"
    try:
        found = _parsed(file)
    except ValueError as error:
        found, complaint = None, str(error)
    if not isinstance(found, dict):
        raise Untranslatable([Fault("envelope", complaint, '{"infno": "2207", "input": {"data": {}}}')])
    return found


def _document(file: Path) -> dict[str, Any]:
    try:
        found = _parsed(file)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StackError(f"{file}: no JSON object", "Name a file with one JSON object.")
    return found


def _parsed(file: Path) -> Any:
    try:
        return parse(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        raise StackError(f"{file}: {error.strerror}", "Name a file with one JSON object.") from error


def _convention(region: str) -> Convention:
    today = SystemClock().now().astimezone(BEIJING).date()
    return Convention.of(policies.load().on(region, today).spending)


def _reference(region: str, at: datetime) -> str:
    """`inf_refmsgid`: region, Beijing time, ten digits of a new id."""
    number = int(SystemIds().new()) % 10**10
    return f"{region}{at.astimezone(BEIJING):%Y%m%d%H%M%S}{number:010d}"


def _print(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))
