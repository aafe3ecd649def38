"""What `scripts/make_reference.py` puts into the pages of docs/reference, a module for each kind."""
