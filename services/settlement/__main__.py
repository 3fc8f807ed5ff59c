"""`python -m services.settlement`"""

from services.settlement.app import build
from services.settlement.settings import Settings
from shared.messaging.service import main

if __name__ == "__main__":
    settings = Settings()
    main(build(settings), settings)
