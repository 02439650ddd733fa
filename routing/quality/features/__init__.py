"""What can be counted about a request and its draft: numbers, never a verdict.

One concern a module; `vector.py` puts them in order. Nothing here does IO, holds
state or raises for what a client or model wrote. Of long texts a bounded part is read.
"""
