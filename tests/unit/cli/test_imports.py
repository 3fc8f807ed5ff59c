"""What help has to import: nothing for the list of commands, and nowhere Kafka's client or the services' consumer."""

import subprocess
import sys

import pytest

from deploy.cli import COMMANDS

SLOW = ("faststream", "aiokafka", "numpy", "pypdf", "requests")
ASK = "import sys, deploy.cli; deploy.cli.build({wanted}); print(*sys.modules)"


def imported(wanted: str) -> set[str]:
    asked = [sys.executable, "-c", ASK.format(wanted=wanted)]
    return set(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())


def test_the_list_of_commands_imports_no_command() -> None:
    assert not [name for name in imported("''") if name.startswith("deploy.commands")]


def test_help_of_no_command_imports_what_is_slow() -> None:
    modules = imported("None")
    assert {f"deploy.commands.{module}" for module, _, _ in COMMANDS.values()} <= modules
    assert modules.isdisjoint(SLOW)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_of_the_list_fits_a_terminal(name: str) -> None:
    assert len(COMMANDS[name][2].encode("gbk")) <= 60
