"""Outsiders that notify talks to: the SMS centre (SMPP), the telephone network (SIP), and the voice that speaks."""
