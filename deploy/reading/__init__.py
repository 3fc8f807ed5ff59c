"""Reading the topics for people: decode, mask, say in one line. Used by commands and the demo; never by a service."""
