"""How well the product decides, on recorded pairs of answers."""
