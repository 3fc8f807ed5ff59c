"""A notice on paper, for a person without a telephone: plain text, or HTML where the file is called so."""

from __future__ import annotations

import os
from datetime import datetime
from html import escape
from pathlib import Path
from uuid import UUID

from deploy.local.errors import StackError
from services.notify.domain.texts import Content
from shared.clock import BEIJING

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<style>@page {{ size: A4; margin: 25mm }} body {{ font: 14pt/1.8 "Noto Serif CJK SC", SimSun, serif }}
h1 {{ font-size: 18pt; text-align: center }} footer {{ font-size: 10pt; margin-top: 3em }}</style></head>
<body><h1>{title}</h1><p>{to}</p><p style="text-indent: 2em">{text}</p><p style="text-align: right">{sign}<br>{day}</p>
<footer>{foot}</footer></body></html>
"""
_PLAIN = "{title}\n\n{to}\n\n    {text}\n\n{sign}\n{day}\n\n{foot}\n"


def letter(
    notice_id: UUID, content: Content, psn_no: str, surname: str | None, *, now: datetime, html: bool
) -> str:
    """The sheet. It names the person by surname and number, so it is personal data from the first line on."""
    day = now.astimezone(BEIJING)
    parts = {
        "title": content.title or "医疗保障通知",
        "to": f"{surname or ''}{'姓' if surname else ''}参保人（人员编号 {psn_no}）：",
        "text": content.text,
        "sign": content.sign,
        "day": f"{day.year}年{day.month}月{day.day}日",
        "foot": f"通知编号 {notice_id}。本通知含个人信息，请交本人签收。签收人：____________  日期：____________",
    }
    if html:
        return _PAGE.format(**{name: escape(value) for name, value in parts.items()})
    return _PLAIN.format(**parts)


def write(place: Path, text: str) -> None:
    """Writes a new file that only its owner reads. Raises `StackError` if it is there already or cannot be made."""
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StackError(
            f"文件无法写入 / {place} cannot be made: {error.strerror}",
            "Name a new file in a folder that is there: --out notice.txt, or notice.html",
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def check(place: Path) -> None:
    """Raises `StackError` early, before a view goes on the record for nothing."""
    if place.exists() or not place.parent.is_dir():
        raise StackError(
            f"文件已存在或目录不存在 / {place} is there already, or its folder is not",
            "Name a new file: --out notice.txt, or notice.html",
        )
