"""A person's statement of a month as files: CSV for programs, PDF for people."""
