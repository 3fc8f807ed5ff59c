"""`gongji contract`: keeps schemas, samples and documents in step with the models, and tries services against them."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="消息契约 / the contract: generate, check, release, verify.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def generate() -> None:
    """Write schemas, samples, docs/asyncapi.yaml and docs/reasons.md anew from the models.

    gongji contract generate
    """
    from deploy.contract import derived

    changed = derived.write(derived.outputs())
    typer.echo(f"{len(changed)} files changed" if changed else "everything was up to date")


@app.command()
def check() -> None:
    """Say what is stale, what breaks a released schema and what a consumer reads in vain; status 1 if anything.

    gongji contract check
    """
    from deploy.contract.checking import complaints

    found = complaints()
    for line in found:
        typer.echo(line, err=True)
    if found:
        typer.echo(
            f"\n{len(found)} complaints. Stale files: `gongji contract generate`. A break: make a new version of the type, "
            "or add an optional field instead.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("the contract is sound")


@app.command()
def release(
    breaking: Annotated[
        bool, typer.Option("--breaking", help="Release in spite of breaks (before 1.0).")
    ] = False,
) -> None:
    """Make the present schemas the released ones, which later changes may not break.

    gongji contract release
    """
    from deploy.contract import derived
    from deploy.contract.checking import released_breaks

    found = released_breaks()
    for one in found:
        typer.echo(str(one), err=True)
    if found and not breaking:
        raise typer.Exit(1)
    typer.echo(f"{len(derived.release())} schemas released")


@app.command()
def verify(
    service: Annotated[str, typer.Option("--service", help="eligibility, audit, notify or settlement")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Conversations; all of the service if none")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for what a conversation expects")] = 30.0,
) -> None:
    """Play conversations (records in, records out) against one service of the running stack.

    gongji contract verify --service eligibility

    gongji contract verify --service settlement shared/contracts/conversations/settlement/partial-cover.jsonl
    """
    from deploy.contract.verifying import verify_running

    if not verify_running(service, files or [], timeout):
        raise typer.Exit(1)
