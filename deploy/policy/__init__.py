"""The policy desk: cases as data, and what an officer asks of the region files."""
