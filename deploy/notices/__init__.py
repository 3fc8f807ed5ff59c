"""Notices for those who answer for their words: every outcome that there is as an example, and how it reads."""
