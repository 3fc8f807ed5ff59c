"""`python -m services.notify`: runs the service until a signal."""

from services.notify.app import build, sender
from services.notify.settings import Settings
from shared.messaging.service import main

if __name__ == "__main__":
    settings = Settings()
    main(build(settings), settings, [sender(settings)])
