"""The API shapes clients speak. Dialects do not import one another."""
