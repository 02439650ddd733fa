"""The published description of the API; no view and no request knows of it."""
