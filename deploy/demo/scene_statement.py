"""The family's statement of the month, as a PDF that a person keeps; its closing balance is the ledger's."""

from pathlib import Path

from pypdf import PdfReader

from deploy.demo import money
from deploy.demo.program import gongji
from deploy.demo.scene_month_end import MONTH, OPERATOR
from deploy.demo.world import World
from shared.contracts.base import yuan

SPONSOR = "zhang-wei"


async def written(world: World, home: Path, out: Path, database_url: str) -> None:
    """`gongji ledger statement --family --pdf`, with the reason that goes on the record; read again as text."""
    psn_no, file = world.cast[SPONSOR].psn_no, out / f"statement-{SPONSOR}-{MONTH}.pdf"
    said = await gongji(
        home, "ledger", "statement", psn_no, "--month", MONTH, "--operator", OPERATOR, "--why", "本人申请家庭对账单",
        "--family", "--pdf", str(file),
    )  # fmt: skip
    text = "".join(page.extract_text() for page in PdfReader(file).pages) if file.exists() else ""
    left = yuan(await money.on(database_url, psn_no))
    holds = all(words in text for words in ("家庭共济对账单", "配偶", "退款", left))
    world.ledger.check(
        "家庭对账单 PDF：期末余额与账上一致 / the family's statement: its closing balance is the ledger's",
        said.status == 0 and holds and psn_no not in text,
        f"build/demo/{file.name}, {left} yuan" if holds else said.text.strip()[-200:],
    )
