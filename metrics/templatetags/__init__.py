"""Template filters of the account."""
