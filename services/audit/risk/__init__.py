"""What other cases of the same persons and documents say of a case: locked, read and kept with the batch."""
