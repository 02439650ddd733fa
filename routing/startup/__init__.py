"""From an empty directory to a serving proxy: set up, hand over to gunicorn, announce.

Every step is safe to repeat and does nothing when there is nothing to do.
"""
