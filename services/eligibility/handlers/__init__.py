"""One module per kind of message: each folds one item into the working set and says what follows."""
