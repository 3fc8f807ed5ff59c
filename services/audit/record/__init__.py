"""The record in the database: what adds to it, what seals it, and how it is read. What it says is `services.audit.domain.record`."""
