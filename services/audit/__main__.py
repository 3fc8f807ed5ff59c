"""`python -m services.audit`"""

import sys

from services.audit import looks
from services.audit.app import build, documents
from services.audit.record.sealing import keep_sealed
from services.audit.settings import Settings
from shared.messaging import service
from shared.policies import PolicyError


def main() -> None:
    """Starts the service; a policy file that cannot be used is said in one line each and ends the start."""
    settings = Settings()  # from the environment
    try:
        handler = build(settings)
    except PolicyError as error:
        sys.exit("\n".join(f"policy: {problem}" for problem in error.problems))
    service.main(handler, settings, [keep_sealed, documents(settings), looks.count])


if __name__ == "__main__":
    main()
