"""Every page in a real browser, and the screenshots of the documentation."""
