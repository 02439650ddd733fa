"""`python -m bench`: what the proxy costs, beside the bare floor and going direct."""
