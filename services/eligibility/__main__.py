"""`python -m services.eligibility`"""

import sys

from services.eligibility.app import build
from services.eligibility.settings import Settings
from services.eligibility.upkeep import upkeep
from services.eligibility.watching import watch
from shared.messaging import service
from shared.policies import PolicyError


def main() -> None:
    """Starts the service; a policy file that cannot be used is said in one line each and ends the start."""
    settings = Settings()
    try:
        handler = build(settings)
    except PolicyError as error:
        sys.exit("\n".join(f"policy: {problem}" for problem in error.problems))
    service.main(handler, settings, [upkeep(handler.policies), watch(handler.policies)])


if __name__ == "__main__":
    main()
