"""`python -m services.notify`: runs the service until a signal."""

import sys

from pydantic import ValidationError

from services.notify.app import build, sender
from services.notify.providers.catalogue import CatalogueError
from services.notify.settings import Settings
from shared.messaging import service
from shared.policies import PolicyError


def main() -> None:
    """Starts the service; a policy or provider file that cannot be used is said in one line each and ends the start."""
    try:
        settings = Settings()
    except ValidationError as error:  # its own text quotes what was given, keys among it
        sys.exit("\n".join(f"settings: {_option(one['loc'])}: {one['msg']}" for one in error.errors()))
    try:
        handler = build(settings)
        background = sender(settings, handler)
    except PolicyError as error:
        sys.exit("\n".join(f"policy: {problem}" for problem in error.problems))
    except CatalogueError as error:
        sys.exit("\n".join(f"providers: {problem}" for problem in error.problems))
    service.main(handler, settings, [background])


def _option(place: tuple[int | str, ...]) -> str:
    """The environment's name of a field."""
    name = str(place[0]) if place else ""
    return f"GONGJI_NOTIFY_{name.upper()}" if name in Settings.model_fields else name


if __name__ == "__main__":
    main()
