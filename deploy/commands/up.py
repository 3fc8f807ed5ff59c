"""`gongji up` and `gongji down`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from deploy.local import paths
from deploy.local.databases import SERVICES
from deploy.local.state import file_of


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready.")] = False,
    cast: Annotated[bool, typer.Option(help="Publish a cast of made-up persons, the first time.")] = True,
    stand_ins: Annotated[
        bool, typer.Option(help="Run an SMS centre and a telephone that keep what they get in .gongji/peers.")
    ] = True,
    services: Annotated[
        str, typer.Option(help="Which services to run, comma separated; none for the servers alone.")
    ] = ",".join(SERVICES),
) -> None:
    """Start Kafka, PostgreSQL and the four services, and keep them running.

    The first time, Kafka's jars (43 MB) are fetched. Data, logs and stack.json are below .gongji/ (GONGJI_HOME).
    The cast of deploy/cast/cast.yaml is published once, unless --no-cast or a Kafka of your own says otherwise.

        gongji up                                     # logs on the terminal; Ctrl-C stops everything
        gongji up --detach && gongji status
        gongji up --services none                     # only Kafka and PostgreSQL, to run a service in a debugger
        KAFKA_BOOTSTRAP_SERVERS=kafka:9092 gongji up  # a Kafka that exists
        GONGJI_CLOCK='2026-11-23T10:00:00+08:00*60' gongji up   # a Monday, an hour a minute
    """
    from deploy.local import up as local

    home = paths.home()
    cast = cast and not os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not detach:
        names = local.chosen(services)
        asyncio.run(local.run(home, names=names, with_cast=cast, with_stand_ins=stand_ins))
        return
    flags = [*(["--cast"] if cast else []), *(["--stand-ins"] if stand_ins else [])]
    told = local.detach(home, [f"--services={services}", *flags])
    typer.echo(f"ready: Kafka {told['kafka']}, services {', '.join(told['services'])}; see {file_of(home)}")


def down() -> None:
    """Stop what `gongji up` started, also what was left when it was killed. Data stay.

    gongji down
    gongji down && rm -r .gongji      # forget the data, too
    """
    from deploy.local import up as local

    home = paths.home()
    typer.echo("stopped" if local.down(home) else f"nothing runs at {home}")
