"""Decisions of notify, pure: who is told what, in which words, by which medium, and what follows when it does not arrive."""
