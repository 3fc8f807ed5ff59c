"""`gongji`: one command for the local stack and for those who operate the line.

A command is a file in `deploy/commands/` and one line in `COMMANDS`. Only the file of the called command is imported, so
that `gongji down` does not pay for what `gongji demo` needs.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from inspect import cleandoc
from typing import Any

import typer
from rich.console import Console

from deploy.local.errors import StackError

# name: (module below deploy.commands, its function or Typer app)
COMMANDS = {
    "up": ("up", "up"),
    "down": ("up", "down"),
    "status": ("status", "status"),
    "demo": ("demo", "demo"),
    "topics": ("topics", "app"),
    "contract": ("contract", "app"),
    "registry": ("registry", "app"),
    "publish": ("publish", "publish"),
    "watch": ("watch", "watch"),
    "trace": ("trace", "trace"),
    "dead-letters": ("dead_letters", "app"),
    "sources": ("sources", "app"),
    "review": ("review", "app"),
    "notice": ("notice", "app"),
    "ledger": ("ledger", "app"),
    "national": ("national", "app"),
    "policy": ("policy", "app"),
    "record": ("record", "app"),
}

HELP = """医保家庭共济 as a message-driven pipeline: the local stack, and the tools of those who operate it.

    gongji up                 # Kafka, PostgreSQL and four services; Ctrl-C stops them
    gongji up --detach        # the same in the background; gongji down stops it
    gongji status --json      # what runs, for scripts

Every command explains itself with --help. KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL name servers that exist already."""


_COMMAND = re.compile(r"\s*([A-Z_]+=\S+ )*gongji ")


def build(wanted: str | None = None) -> typer.Typer:
    """The command line; with `wanted`, only that command of it."""
    cli = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_show_locals=False)
    # A callback keeps `gongji down` a subcommand when it is the only one.
    cli.callback(help=keep_examples(HELP))(lambda: None)
    for name, (module, attribute) in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        found: Any = getattr(import_module(f"deploy.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            for one in found.registered_commands:
                one.help = keep_examples(one.help or (one.callback.__doc__ if one.callback else None))
            cli.add_typer(found, name=name)
        else:
            cli.command(name=name, help=keep_examples(found.__doc__))(found)
    return cli


def keep_examples(text: str | None) -> str:
    """Help text whose examples keep their lines: click's mark for that is a line of \\b.

    An example is a paragraph of commands; how far it is indented depends on what the formatter made of the docstring.
    """
    return "\n\n".join(_example(p) if _COMMAND.match(p) else p for p in cleandoc(text or "").split("\n\n"))


def _example(paragraph: str) -> str:
    return "\b\n" + "\n".join(f"    {line.strip()}" for line in paragraph.splitlines())


def app() -> None:
    """Entry point of the program. A StackError is one line on stderr and status 1."""
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else None)()
    except StackError as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", soft_wrap=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    app()
