"""The closed loop: recorded answers through the whole product, until it has learned."""
