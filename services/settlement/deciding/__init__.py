"""How each kind of message changes the working set of a batch. Pure but for the `Book` and the `Out` they are given."""
