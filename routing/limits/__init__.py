"""Limits of client keys: what is counted, where, and what a request may still take."""
