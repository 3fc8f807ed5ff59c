"""Reading and writing the tables of single features, a batch at a time; `storage.py` calls them in the order of the locks."""
