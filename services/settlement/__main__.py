"""`python -m services.settlement`"""

import sys

from services.settlement.app import build
from services.settlement.desk import operators
from services.settlement.nightly.checking import nightly
from services.settlement.nightly.forgetting import upkeep
from services.settlement.reconciling import watching
from services.settlement.settings import Settings
from shared.contracts.operators import load
from shared.messaging import service
from shared.policies import PolicyError


def main() -> None:
    """Starts the service; a policy file that cannot be used is said in one line each and ends the start."""
    settings = Settings()
    try:
        handler = build(settings)
    except PolicyError as error:
        sys.exit("\n".join(f"policy: {problem}" for problem in error.problems))
    checking = nightly(settings.database_url.get_secret_value())
    work = [watching.watch, upkeep(handler.regions), checking, operators.kept(load().values())]
    service.main(handler, settings, work)


if __name__ == "__main__":
    main()
