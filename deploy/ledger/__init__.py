"""Cases of the ledger as data, run through settlement's own code."""
