"""Reading template files: YAML in, checked templates out, one line for each fault with file, path, what is wrong and an example.

`templates/` holds the project's own; a folder of the installation (`GONGJI_NOTIFY_TEMPLATES_DIR`) is laid over it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.notify.domain import template_checks as checks
from services.notify.domain.grammar import GrammarError, parse
from services.notify.domain.templates import NAME, Approval, Code, Template, Templates
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium
from shared.policies.yamltext import Yaml

HERE: Final = Path(__file__).parent / "templates"
SIGN: Final = "医保服务"
_PROVIDER = r"^[a-z][a-z0-9-]{1,19}$"
Sign = Annotated[str, Field(pattern=r"^[^【】\[\]{}\s]{2,12}$", examples=["医保服务"])]


class TemplateError(ValueError):
    """Template files that cannot be used. `problems`: one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _Code(_Strict):
    code: str = Field(min_length=1, max_length=64, examples=["SMS_0001"])
    state: Approval = Field(default=Approval.APPROVED, examples=["approved"])


_Codes = dict[
    Annotated[str, Field(pattern=_PROVIDER, examples=["alibaba"])],
    _Code | Annotated[str, Field(min_length=1, max_length=64, examples=["SMS_0001"])],
]


class _Entry(_Strict):
    kind: str = Field(examples=["approved"])
    side: Side | None = Field(default=None, examples=["sponsor"])
    channels: tuple[Medium, ...] = Field(min_length=1, examples=["[message-centre, sms, call]"])
    version: int = Field(ge=1, le=9999, strict=True, examples=["1"])
    state: Approval = Field(examples=["approved"])
    title: str = Field(default="", max_length=60, examples=["家庭共济已通过"])
    text: str = Field(
        min_length=1,
        max_length=2000,
        examples=["您为{relation}申请的家庭共济已于{at}审核通过。咨询请拨{hotline}。"],
    )
    sign: Sign | None = None
    codes: _Codes = Field(default_factory=dict, examples=["{alibaba: SMS_0001}"])


class _Approval(_Strict):
    state: Approval | None = Field(default=None, examples=["withdrawn"])
    sign: Sign | None = None
    codes: _Codes = Field(default_factory=dict, examples=["{alibaba: SMS_0001}"])


class _File(_Strict):
    region: str = Field(pattern=r"^[0-9]{6}$", examples=['"330000"'])
    language: Literal["zh", "en"] = Field(default="zh", examples=["zh"])
    sign: Sign | None = None
    templates: tuple[dict[str, Any], ...] = Field(default=(), examples=["- {kind: approved, ...}"])
    approvals: dict[str, dict[str, Any]] = Field(
        default_factory=dict, examples=["{approved.sponsor.sms.v1: {codes: {alibaba: SMS_0001}}}"]
    )


def load(overlay: Path | None = None, *, sign: str = SIGN, directory: Path = HERE) -> Templates:
    """All templates, with those of the folder `overlay` laid over them. Raises `TemplateError`; nothing is ever half loaded.

    `sign`: the signature of texts where no file says another.
    """
    problems: list[str] = []
    found: dict[str, Template] = {}
    for folder in (directory, *([overlay] if overlay else [])):
        own: dict[str, Template] = {}
        approvals: list[tuple[str, str, _Approval]] = []
        if not folder.is_dir():
            problems.append(
                f"{folder.name}: (folder): not found: expected a folder of template files, for example 330000-zhejiang.yaml"
            )
        for path in sorted(folder.glob("*.yaml")):
            _read(path, own, approvals, problems)
        found |= own
        for file, name, approval in approvals:
            _approve(file, name, approval, found, problems)
    problems += checks.gaps(found.values())
    if problems:
        raise TemplateError(problems)
    return Templates(found.values(), sign)


def _read(
    path: Path, own: dict[str, Template], approvals: list[tuple[str, str, _Approval]], problems: list[str]
) -> None:
    try:
        tree = yaml.load(path.read_text("utf-8"), Yaml)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(
            f'{path.name}: (file): cannot be read: {" ".join(str(error).split())}: expected YAML, for example region: "330000"'
        )
        return
    file = _checked(_File, tree, path.name, "", problems)
    if file is None:
        return
    for n, raw in enumerate(file.templates):
        at = f"templates[{n}]"
        if entry := _checked(_Entry, raw, path.name, at, problems):
            for one in _templates(file, entry, path.name, at, problems):
                if one.name in own:
                    problems.append(
                        f"{path.name}: {at}: {one.name} is in {own[one.name].file} already: expected another version, for example {one.version + 1}"
                    )
                own[one.name] = one
    for name, raw in file.approvals.items():
        if approval := _checked(_Approval, raw, path.name, f"approvals.{name}", problems):
            approvals.append((path.name, name, approval))


_M = TypeVar("_M", bound=BaseModel)


def _checked(model: type[_M], raw: Any, file: str, at: str, problems: list[str]) -> _M | None:
    if not isinstance(raw, dict):
        problems.append(f"{file}: {at or '(top)'}: expected a mapping with {', '.join(model.model_fields)}")
        return None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            path = ".".join(str(part) for part in (at, *one["loc"]) if part != "") or "(top)"
            field = model.model_fields.get(str(one["loc"][0])) if one["loc"] else None
            example = (
                f", for example {field.examples[0]}"
                if field and field.examples
                else f"; known: {', '.join(model.model_fields)}"
            )
            problems.append(f"{file}: {path}: {one['msg']}{example}")
        return None


def _templates(file: _File, entry: _Entry, name: str, at: str, problems: list[str]) -> Iterator[Template]:
    try:
        pieces = parse(entry.text)
    except GrammarError as error:
        problems.append(f"{name}: {at}.text: {error}")
        return
    if entry.codes and len(entry.channels) > 1:
        problems.append(
            f"{name}: {at}.codes: codes of {len(entry.channels)} channels: expected one channel, or them below approvals, for example {_File.model_fields['approvals'].examples}"
        )
    for channel in entry.channels:
        one = Template(
            file.region, entry.kind, entry.side, channel, file.language, entry.version, entry.title, pieces, entry.text, name,
            entry.state, entry.sign or file.sign or "", _codes(entry.codes),
        )  # fmt: skip
        faults = list(checks.faults(one))
        problems += [f"{name}: {at}.{fault}" for fault in faults]
        if not faults:
            yield one


def _codes(raw: Mapping[str, _Code | str]) -> dict[str, Code]:
    return {
        provider: Code(one) if isinstance(one, str) else Code(one.code, one.state)
        for provider, one in raw.items()
    }


def _approve(
    file: str, name: str, approval: _Approval, found: dict[str, Template], problems: list[str]
) -> None:
    if not NAME.fullmatch(name) or name not in found:
        problems.append(f"{file}: approvals.{name}: no such template: {checks.near(name, found)}")
        return
    one = found[name]
    found[name] = Template(
        one.region, one.kind, one.side, one.channel, one.language, one.version, one.title, one.pieces, one.raw, one.file,
        approval.state or one.state, approval.sign or one.sign, {**one.codes, **_codes(approval.codes)},
    )  # fmt: skip
