"""Region files for tests, written in a few words."""

from pathlib import Path

import pytest

from shared.policies import PolicyError, load

HEAD = 'region: "100000"\nname: {zh: 全国, en: National}\n'
CITY = 'region: "330100"\nparent: "330000"\nname: {zh: 杭州, en: Hangzhou}\n'
PROVINCE = 'region: "330000"\nparent: "100000"\nname: {zh: 浙江, en: Zhejiang}\n'


def entry(value: str, since: str = "2021-01-01", grade: str = "A", more: str = "") -> str:
    return f"    - {{from: {since}, value: {value}, reference: 文件, grade: {grade}{more}}}\n"


def key(name: str, *entries: str) -> str:
    return f"  {name}:\n" + "".join(entries)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(write(folder, n=HEAD + text))
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems
