"""Documents of the authority about a person: all his or her bindings at once, and those that are approved while a suspension holds."""
