"""The Django project: settings, entry points, and how the processes start."""

__version__ = "0.1.0"
