"""The whole line as real processes, from a channel's record to an SMS and a paid bill."""
