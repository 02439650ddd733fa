"""Judging a draft: pure functions over a request and a completion, one concern a file.

Nothing here does IO or holds state, or raises for what a client or model wrote.
"""
