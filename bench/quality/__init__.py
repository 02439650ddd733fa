"""How well the product decides, on recorded answers of a cheap and an expensive model."""
