"""Which providers this installation has: a YAML file that `GONGJI_NOTIFY_PROVIDERS` names, or the options of notify alone.

    providers:
      - {name: carrier-a, kind: smpp, weight: 60, host: 10.1.2.3, system_id: gongji, password: $CARRIER_A_PASSWORD}
      - {name: trunk, kind: sip, weight: 100, peer: "10.1.2.4:5060"}
      - {name: cloud, kind: alibaba-voice, access_key_id: $ID, access_key_secret: $KEY, report_key: $REPORTS, caller: "057187654321"}

A value that begins with `$` is the name of an environment variable, so that no secret stands in the file.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.notify.domain.weights import FULL
from services.notify.providers.interface import Around, Provider
from services.notify.providers.options import (
    AlibabaSettings,
    AlibabaVoiceSettings,
    KannelSettings,
    SipSettings,
    SmppSettings,
    TencentSettings,
    TencentVoiceSettings,
)

KINDS: Final[Mapping[str, tuple[type[BaseModel], str, str]]] = {
    "smpp": (SmppSettings, "smpp", "Smpp"),
    "kannel": (KannelSettings, "kannel", "Kannel"),
    "alibaba-sms": (AlibabaSettings, "alibaba_sms", "AlibabaSms"),
    "tencent-sms": (TencentSettings, "tencent_sms", "TencentSms"),
    "sip": (SipSettings, "sip", "Sip"),
    "alibaba-voice": (AlibabaVoiceSettings, "alibaba_voice", "AlibabaVoice"),
    "tencent-voice": (TencentVoiceSettings, "tencent_voice", "TencentVoice"),
}
"""Every protocol: what can be set, and module and class of its provider. They are imported when used: an SDK takes a second and 40 MB."""

_RESTING: Final = {"tencent-voice": 0}
"""Weights of kinds that are not used before somebody gives them one."""


class CatalogueError(Exception):
    """The providers cannot be used; one line for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Row(BaseModel):
    """What every row has; the rest belongs to its kind."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    kind: str
    weight: int | None = Field(default=None, ge=0, le=FULL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One configured provider and the weight at which it rests."""

    name: str
    kind: str
    weight: int
    settings: BaseModel

    def load(self) -> type[Provider]:
        """The provider's class. The first call imports it: do it before there is an event loop, whose tasks would all stand still."""
        _, module, name = KINDS[self.kind]
        kind: type[Provider] = getattr(import_module(f"services.notify.providers.{module}"), name)
        return kind

    def make(self, around: Around) -> Provider:
        """The provider."""
        kind: Callable[[str, BaseModel, Around], Provider] = self.load()
        return kind(self.name, self.settings, around)


def read(path: Path, environment: Mapping[str, str] = os.environ) -> list[Entry]:
    """The providers of a file. Raises `CatalogueError` with file, provider, field and reason for each fault."""
    try:
        rows = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("providers")
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise CatalogueError([f"{path.name}: cannot be read: {type(error).__name__}"]) from None
    if not isinstance(rows, list) or not rows:
        raise CatalogueError(
            [f"{path.name}: no list `providers`, for example providers: [{{name: a, kind: smpp, host: h}}]"]
        )
    entries: list[Entry] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            entries.append(_entry(row, environment))
        except ValidationError as error:
            problems += [
                f"{path.name}: provider {number}: {_where(one)}: {one['msg']}"
                for one in error.errors(include_input=False)
            ]
        except ValueError as error:
            problems.append(f"{path.name}: provider {number}: {error}")
    names = [one.name for one in entries]
    problems += [
        f"{path.name}: the name {one} stands there twice"
        for one in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise CatalogueError(problems)
    return entries


def _entry(row: Any, environment: Mapping[str, str]) -> Entry:
    common = _Row.model_validate(row)
    if common.kind not in KINDS:
        raise ValueError(f"kind {common.kind!r} is none of {', '.join(KINDS)}")
    own = {
        key: _from_environment(key, value, environment) for key, value in (common.model_extra or {}).items()
    }
    settings = KINDS[common.kind][0].model_validate(own)
    weight = _RESTING.get(common.kind, FULL) if common.weight is None else common.weight
    return Entry(common.name, common.kind, weight, settings)


def _from_environment(key: str, value: Any, environment: Mapping[str, str]) -> Any:
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if value[1:] not in environment:
        raise ValueError(f"{key}: the environment has no {value[1:]}")
    return environment[value[1:]]


def _where(error: Any) -> str:
    return ".".join(str(one) for one in error["loc"]) or "row"
