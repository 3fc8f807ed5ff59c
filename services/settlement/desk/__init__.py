"""What the desk of the ledger reads, with a role of its own that can write nothing."""
