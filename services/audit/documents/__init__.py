"""The check of documents beside the batches: which are to be read, reading them, and what the desk sees of it."""
