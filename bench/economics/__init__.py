"""Does the cascade pay on long cached conversations? Reckoned, not measured."""
