"""`gongji`: one command for the local stack and for those who operate the line.

A command is a file in `deploy/commands/` and one line in `COMMANDS`. Only the file of the called command is imported, and none
for the list of commands; what is slow to import (Kafka's client, the services) a file imports in the function that needs it, so
that help does not pay for it.
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from inspect import cleandoc
from typing import Any

import typer
from rich.console import Console

from deploy.local.errors import StackError

# name: (module below deploy.commands, its function or Typer app, what the list of commands says)
COMMANDS = {
    "up": ("up", "up", "Start Kafka, PostgreSQL and the four services."),
    "down": ("up", "down", "Stop what `gongji up` started."),
    "status": ("status", "status", "What runs, and how far each service is."),
    "demo": ("demo", "demo", "Watch the whole line in three minutes."),
    "publish": ("publish", "publish", "Publish messages, after the contract has judged them."),
    "watch": ("watch", "watch", "Follow all topics live, one readable line a record."),
    "trace": ("trace", "trace", "The whole story of one binding, settlement or message."),
    "topics": ("topics", "app", "Compare and create the topics of deploy/topics.yaml."),
    "contract": ("contract", "app", "消息契约 / the contract: generate, check, release, verify."),
    "registry": ("registry", "app", "Publish persons, relations, institutions and credits."),
    "dead-letters": ("dead_letters", "app", "What the services could not handle."),
    "sources": ("sources", "app", "Who may publish, and who is not listened to."),
    "review": ("review", "app", "审核台 / the review desk: look at cases, take, decide."),
    "notice": ("notice", "app", "通知 / notices: what people are told."),
    "ledger": ("ledger", "app", "The ledger of accounts and settlements."),
    "national": ("national", "app", "Payloads of the national interface, for institutions."),
    "policy": ("policy", "app", "政策台 / the policy desk: what holds where and when."),
    "record": ("record", "app", "The record of decisions and of views of personal data."),
}

HELP = """医保家庭共济 as a message-driven pipeline: the local stack, and the tools of those who operate it.

    gongji up                 # Kafka, PostgreSQL and four services; Ctrl-C stops them
    gongji up --detach        # the same in the background; gongji down stops it
    gongji status --json      # what runs, for scripts

Every command explains itself with --help. KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL name servers that exist already."""

COMPLETING = "_GONGJI_COMPLETE"
"""Set by the shell that asks what a command line could go on with: then every command has to be there."""
_COMMAND = re.compile(r"\s*([A-Z_]+=\S+ )*gongji ")


def build(wanted: str | None = None) -> typer.Typer:
    """The command line. With `wanted`, only that command can be called; the others are names in the list."""
    cli = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_show_locals=False)
    # A callback keeps `gongji down` a subcommand when it is the only one.
    cli.callback(help=keep_examples(HELP))(lambda: None)
    for name, (module, attribute, line) in COMMANDS.items():
        if wanted is not None and name != wanted:
            cli.command(name, short_help=line)(lambda: None)
            continue
        found: Any = getattr(import_module(f"deploy.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            for one in found.registered_commands:
                one.help = keep_examples(one.help or (one.callback.__doc__ if one.callback else None))
            cli.add_typer(found, name=name, short_help=line)
        else:
            cli.command(name, help=keep_examples(found.__doc__), short_help=line)(found)
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
        named = next((word for word in sys.argv[1:] if word in COMMANDS), "")
        build(None if COMPLETING in os.environ else named)()
    except StackError as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", soft_wrap=True, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    app()
