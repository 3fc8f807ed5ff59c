"""The golden files: every template and outcome as people read and hear it, one file per kind of notice and side.

    python -m tests.unit.notify.golden      # writes them anew; read the difference before you commit it

A line is `channel｜text`; a text message says its parts, and what a provider of approved templates gets stands below.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from deploy.notices import preview
from deploy.notices.outcomes import Outcome, all_places, every
from services.notify import template_files
from services.notify.domain import texts
from services.notify.domain import words as w
from services.notify.domain.templates import Templates
from shared.contracts.binding_requests import Side
from shared.contracts.reasons import HOTLINE

FOLDER: Final = Path(__file__).parent / "golden_files"
REGION: Final = "330100"
CENTRE, SMS, CALL, VARIABLES, HINT = "消息中心", "短信", "电话", "变量", "无菜单电话"


def written(outcome: Outcome, templates: Templates, language: str = "zh") -> texts.Content:
    """The outcome in words. Every example can be written."""
    found = texts.write(outcome.facts, texts.Reader(REGION, HOTLINE, language), templates)
    assert found.fault is None, f"{outcome.facts.kind} {outcome.name}: {found.fault}"
    return found.content


def rendered(kind: str, side: Side, templates: Templates, language: str = "zh") -> str:
    """The golden text of a kind and side."""
    return "\n".join(block for outcome in every(kind, side) for block in _block(outcome, templates, language))


def _block(outcome: Outcome, templates: Templates, language: str) -> Iterator[str]:
    content = written(outcome, templates, language)
    yield f"【{outcome.name}】"
    yield f"{CENTRE}｜{content.title}｜{content.text}"
    yield f"{SMS}｜{w.segments(content.sms)}条｜{content.sms}"
    if language == "zh":  # so is the voice
        yield f"{CALL}｜{content.speech}"
    yield f"{VARIABLES}｜" + "｜".join(f"{name}＝{value}" for name, value in content.variables.items())
    yield ""


def openings(templates: Templates) -> str:
    """What calls say before a key is pressed, and all that those say that have no menu."""
    outcome = next(every("approved", Side.SPONSOR))
    said: Mapping[str, str | None] = {"不知姓": None, "单姓": "王", "复姓": "欧阳", "生僻姓": "𠮷"}
    lines = []
    for name, surname in said.items():
        reader = texts.Reader(REGION, HOTLINE, surname=surname)
        lines += [
            f"【{name}】",
            f"{CALL}｜{texts.write(outcome.facts, reader, templates).content.opening}",
            f"{HINT}｜{preview.hint(templates, reader)}",
            "",
        ]
    return "\n".join(lines)


def files(templates: Templates) -> dict[str, str]:
    """Name and text of every golden file."""
    found = {f"{kind}.{side}.txt": rendered(kind, side, templates) for kind, side in all_places()}
    found |= {f"{kind}.{side}.en.txt": rendered(kind, side, templates, "en") for kind, side in all_places()}
    return found | {"opening.call.txt": openings(templates)}


def main() -> None:
    """Writes the files, and removes those of kinds that are no more."""
    wanted = files(template_files.load())
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
