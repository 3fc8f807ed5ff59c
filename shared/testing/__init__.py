"""Builders for tests, samples and the demo: made-up persons and families, face checks, messages by type.

Nothing here is a fake of our own code, and no service imports it.
"""
