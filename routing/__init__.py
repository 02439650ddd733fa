"""The decision: which model answers a request, and how the answer is served."""
