"""One command a file; each calls a module of `metrics`."""
