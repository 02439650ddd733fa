"""Properties for any input: `pytest tests/fuzz` asks briefly, `make fuzz` at length."""
