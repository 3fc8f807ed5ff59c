"""`python -m services.notify`: runs the service until a signal."""

import sys

from services.notify.app import build, sender
from services.notify.providers.catalogue import CatalogueError
from services.notify.settings import Settings
from shared.messaging import service
from shared.policies import PolicyError


def main() -> None:
    """Starts the service; a policy or provider file that cannot be used is said in one line each and ends the start."""
    settings = Settings()
    try:
        handler, background = build(settings), sender(settings)
    except PolicyError as error:
        sys.exit("\n".join(f"policy: {problem}" for problem in error.problems))
    except CatalogueError as error:
        sys.exit("\n".join(f"providers: {problem}" for problem in error.problems))
    service.main(handler, settings, [background])


if __name__ == "__main__":
    main()
