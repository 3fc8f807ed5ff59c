"""A statement as CSV that a spreadsheet opens: UTF-8 with BOM, a table after the other, each row led by the name of its table."""

from __future__ import annotations

import csv
import io

from deploy.statements.document import NOTE, Document

BOM = "\ufeff"


def text(document: Document) -> str:
    """The whole file. Amounts are decimals with two places and no separators, such as `-12.50`."""
    out = io.StringIO()
    out.write(BOM)
    rows = csv.writer(out, lineterminator="\r\n")
    for name, value in document.about:
        rows.writerow((document.title, name, value))
    for title, heading, lines in document.tables(codes=True):
        rows.writerow(("表", *heading))
        rows.writerows((title, *line) for line in lines)
    rows.writerow(("说明", NOTE))
    return out.getvalue()
