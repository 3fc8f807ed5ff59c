"""The batch step that all services share: from a record of a topic to a committed outcome, and out again."""
