"""Eligibility rules: values in, reasons out. No await, clock, id, logger or I/O here."""
