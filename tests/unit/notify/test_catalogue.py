"""The file of providers: what is read, and what is said about a file that cannot be used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.notify.providers.catalogue import CatalogueError, Entry, read
from services.notify.providers.interface import Around
from services.notify.providers.options import SmppSettings
from services.notify.settings import Settings
from shared.testing.proofs import DATA_KEY

GOOD = """
providers:
  - {name: carrier-a, kind: smpp, weight: 60, host: 127.0.0.1, password: $SECRET}
  - {name: trunk, kind: sip, peer: "127.0.0.1:5060"}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "providers.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_providers_with_their_weights_and_secrets_of_the_environment(tmp_path: Path) -> None:
    entries = read(written(tmp_path, GOOD), {"SECRET": "geheim"})
    assert [(one.name, one.kind, one.weight) for one in entries] == [
        ("carrier-a", "smpp", 60),
        ("trunk", "sip", 100),
    ]
    assert isinstance(entries[0].settings, SmppSettings)
    assert entries[0].settings.password.get_secret_value() == "geheim"
    assert "geheim" not in repr(entries)


ALIBABA = "access_key_id: k, access_key_secret: s, report_key: report-key-of-the-cloud"
TENCENT = "secret_id: k, secret_key: s, sdk_app_id: '1400000000', report_key: report-key-of-the-cloud"


def test_both_clouds_by_text_and_by_call_and_who_only_hints_waits_for_its_weight(tmp_path: Path) -> None:
    rows = (
        f"{{name: a, kind: alibaba-sms, {ALIBABA}}}",
        f"{{name: b, kind: alibaba-voice, {ALIBABA}, caller: '057187654321'}}",
        f"{{name: c, kind: tencent-sms, {TENCENT}}}",
        f"{{name: d, kind: tencent-voice, {TENCENT}}}",
        f"{{name: e, kind: tencent-voice, {TENCENT}, weight: 5}}",
    )
    entries = read(written(tmp_path, f"providers: [{', '.join(rows)}]"), {})
    assert [one.weight for one in entries] == [100, 100, 100, 0, 5]
    made = [one.make(Around(lambda _: nowhere, lambda template, provider: None)) for one in entries]
    assert [one.medium for one in made] == ["sms", "call", "sms", "call", "call"]


async def nowhere(receipts: object) -> None:
    """Keeps nothing."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no list `providers`"),
        ("providers: []", "no list `providers`"),
        ("providers: [{name: a, kind: pigeon}]", "kind 'pigeon' is none of"),
        ("providers: [{name: A, kind: smpp, host: h}]", "provider 1: name"),
        ("providers: [{name: a, kind: smpp}]", "provider 1: host"),
        ("providers: [{name: a, kind: smpp, host: h, weight: 101}]", "provider 1: weight"),
        ("providers: [{name: a, kind: smpp, host: h, hots: x}]", "provider 1: hots"),
        ("providers: [{name: a, kind: smpp, host: h, password: $NONE}]", "the environment has no NONE"),
        (
            "providers: [{name: a, kind: smpp, host: h}, {name: a, kind: smpp, host: i}]",
            "a stands there twice",
        ),
        ("providers: [", "cannot be read"),
        (f"providers: [{{name: a, kind: alibaba-voice, {ALIBABA}}}]", "provider 1: caller"),
        (f"providers: [{{name: a, kind: alibaba-voice, {ALIBABA}, caller: +8657}}]", "provider 1: caller"),
        (
            f"providers: [{{name: a, kind: tencent-voice, {TENCENT}, caller: '0571'}}]",
            "provider 1: caller: Extra",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_place_and_the_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(CatalogueError) as raised:
        read(written(tmp_path, text), {})
    assert any(said in problem for problem in raised.value.problems), raised.value.problems


def test_a_secret_never_stands_in_a_fault(tmp_path: Path) -> None:
    text = "providers: [{name: a, kind: smpp, host: h, password: $SECRET, port: 99999}]"
    with pytest.raises(CatalogueError) as raised:
        read(written(tmp_path, text), {"SECRET": "geheim"})
    assert "geheim" not in str(raised.value)


def test_options_alone_make_one_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("GONGJI_NOTIFY_DATABASE_URL", "postgresql://localhost/x")
    monkeypatch.setenv("GONGJI_NOTIFY_SMPP_HOST", "127.0.0.1")
    monkeypatch.setenv("GONGJI_NOTIFY_SIP_PEER", "127.0.0.1:5060")
    assert [(one.name, one.kind) for one in Settings().catalogue()] == [("smpp", "smpp"), ("sip", "sip")]


def test_no_text_is_claimed_that_would_only_wait_for_its_place_in_the_window() -> None:
    settings = SmppSettings(host="127.0.0.1", window=7)
    around = Around(lambda _: nowhere, lambda template, provider: None)
    assert Entry("carrier", "smpp", 100, settings).make(around).at_once == 7


MADE = """
import asyncio, json, sys
from services.notify import app
from services.notify.providers.interface import Around
from services.notify.settings import Settings

settings = Settings()
app.sender(settings, None)
before = set(sys.modules)

async def work():
    return [one.make(Around(None, None)).name for one in settings.catalogue()]

made = asyncio.run(work())
print(json.dumps([made, sorted(one for one in set(sys.modules) - before if "cloud" in one or one.startswith("Tea"))]))
"""


def test_what_a_cloud_needs_is_imported_before_there_is_an_event_loop(tmp_path: Path) -> None:
    row = f"  - {{name: alibaba, kind: alibaba-sms, {ALIBABA}}}\n"
    env = os.environ | {
        "GONGJI_NOTIFY_PROVIDERS": str(written(tmp_path, f"providers:\n{row}")),
        "GONGJI_NOTIFY_DATA_KEYS": DATA_KEY,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "GONGJI_NOTIFY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    done = subprocess.run([sys.executable, "-c", MADE], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    made, imported_late = json.loads(done.stdout)
    assert made == ["alibaba"]
    assert imported_late == []
