"""A statement as CSV that a spreadsheet opens: UTF-8 with BOM, a table after the other, each row led by the name of its table."""

from __future__ import annotations

import csv
import io
import re

from deploy.statements.document import NOTE, Document

BOM = "\ufeff"
_MINUS = re.compile(r"-(?![0-9]+\.[0-9]{2}$)")
"""A minus that is no amount's."""


def text(document: Document) -> str:
    """The whole file. Amounts are decimals with two places and no separators, such as `-12.50`."""
    out = io.StringIO()
    out.write(BOM)
    rows = csv.writer(out, lineterminator="\r\n")
    for name, value in document.about:
        rows.writerow((document.title, name, value))
    for title, heading, lines in document.tables(codes=True):
        rows.writerow(("表", *heading))
        rows.writerows((title, *map(_no_formula, line)) for line in lines)
    rows.writerow(("说明", NOTE))
    return out.getvalue()


def _no_formula(cell: str) -> str:
    """A cell as a spreadsheet shows it: the name of an institution is whatever was registered, and what begins like a formula is run."""
    return f"'{cell}" if cell.startswith(("=", "+", "@", "\t", "\r")) or _MINUS.match(cell) else cell
