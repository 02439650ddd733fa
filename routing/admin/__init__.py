"""Where operators edit the configuration: one file for each thing they edit."""

from routing.admin import controls, keys, learned, providers, rules

__all__ = ["controls", "keys", "learned", "providers", "rules"]
