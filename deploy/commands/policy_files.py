"""What the commands of the policy desk share: region files whose faults are told line by line, Beijing dates, JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import typer

from deploy.local.errors import StackError
from deploy.policy.regions import load_regions
from shared.clock import BEIJING, from_setting
from shared.policies import Policies, PolicyError


def tree(place: Path | None, below: Sequence[Path] = ()) -> Policies:
    """The region files; every fault is one line on stderr, and status 1."""
    try:
        return load_regions(place, below)
    except PolicyError as error:
        broken(error)


def broken(error: PolicyError) -> NoReturn:
    """Says what is wrong with region files and ends."""
    for problem in error.problems:
        typer.echo(f"policy: {problem}", err=True)
    raise typer.Exit(1) from None


def day(text: str) -> date:
    """A Beijing date; today by `GONGJI_CLOCK` when there is none. Raises `StackError`."""
    if not text:
        return from_setting(os.environ.get("GONGJI_CLOCK")).now().astimezone(BEIJING).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is no date", "Write it as 2026-11-23.") from None


def print_json(value: Any) -> None:
    """One JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
