"""A statement as a PDF that a person reads: A4 upright, pages numbered, the font 文泉驿微米黑 (WenQuanYi Micro Hei,
Apache-2.0) embedded with only the characters that occur. Its outlines are TrueType's, so that every program finds the text again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from deploy.local.errors import StackError
from deploy.statements.document import BALANCES, FAMILY, MOVED, NOTE, SUMS, USES, Document, Row

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "wqy-microhei"
_PACKAGE, _FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"
_WIDTHS: Mapping[Row, tuple[int, ...]] = {
    BALANCES: (40, 40, 55, 55),
    MOVED: (20, 36, 26, 22, 18, 18, 18, 14, 18),
    SUMS: (30, 32, 32, 32, 32, 32),
    USES: (50, 20, 40, 40, 40),
    FAMILY: (42, 20, 20, 28, 28, 26, 26),
}
"""Millimetres of the columns, 190 in all."""
_TEXT: Mapping[Row, int] = {BALANCES: 2, MOVED: 4, SUMS: 1, USES: 1, FAMILY: 2}
"""Columns that are text, from the left; the others are numbers, which stand on the right."""
_GREY, _LINE, _PALE = 110, 190, (238, 242, 246)


def render(document: Document) -> bytes:
    """The file. Raises `StackError` where the library or the font is not installed."""
    try:
        from fpdf import FPDF

        font = files(_PACKAGE) / _FILE
    except ImportError:
        raise StackError("PDF 组件未安装 / what writes PDFs is not installed", "pip install 'gongji[statements]'") from None  # fmt: skip

    class Page(FPDF):
        def footer(self) -> None:
            self.set_y(-13)
            self.set_text_color(_GREY)
            self.set_font(FONT, size=8)
            self.cell(0, 5, f"第 {self.page_no()} 页，共 {{nb}} 页", align="C")

    page = Page(format="A4")
    page.set_title(document.title)
    page.set_lang("zh-CN")
    page.set_creation_date(document.made_at)
    page.set_margins(10, 12)
    page.set_auto_page_break(True, 18)
    page.add_font(FONT, fname=str(font))
    page.add_page()
    _head(page, document)
    for title, heading, rows in document.tables():
        _table(page, title, heading, rows)
    page.set_font(FONT, size=8)
    page.set_text_color(_GREY)
    page.multi_cell(0, 5, NOTE, align="L")
    return bytes(page.output())


def _head(page: FPDF, document: Document) -> None:
    page.set_font(FONT, size=16)
    page.cell(0, 10, document.title, align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=9)
    page.set_text_color(_GREY)
    for name, value in document.about:
        page.cell(28, 6, name)
        page.cell(0, 6, value, new_x="LMARGIN", new_y="NEXT")


def _table(page: FPDF, title: str, heading: Row, rows: Sequence[Row]) -> None:
    """A table whose heading comes again on each page; with no rows it says so."""
    if page.will_page_break(26):
        page.add_page()
    page.ln(4)
    page.set_text_color(0)
    page.set_font(FONT, size=11)
    page.cell(0, 7, title, new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=8)
    page.set_draw_color(_LINE)
    if not rows:
        page.cell(0, 6, "本月没有。", new_x="LMARGIN", new_y="NEXT")
        return
    from fpdf.fonts import FontFace

    texts = _TEXT[heading]
    with page.table(
        col_widths=_WIDTHS[heading],
        text_align=("LEFT",) * texts + ("RIGHT",) * (len(heading) - texts),
        headings_style=FontFace(emphasis="", fill_color=_PALE),
        borders_layout="HORIZONTAL_LINES",
        line_height=5,
        width=190,
    ) as table:
        for row in (heading, *(_short(heading, row) for row in rows)):
            table.row(row)


def _short(heading: Row, row: Row) -> Row:
    """Times without the year, which stands above."""
    return (row[0].partition("-")[2], *row[1:]) if heading is MOVED else row
