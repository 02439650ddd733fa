"""Messages API <-> Chat Completions API: pure functions on parsed JSON and events.

The internal form is the Messages API's. Knows no provider, no client and no HTTP.
"""
