"""What one replica does once a night: checking the ledger, forgetting what was kept long enough."""
