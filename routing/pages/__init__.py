"""Staff pages that try and change rules."""
