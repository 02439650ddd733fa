"""Messages API <-> Chat Completions API, on parsed JSON, events and open replies.

The internal form is the Messages API's. Nothing here asks a provider or sends anything.
"""
