"""Rows of the codebook that a delivered wave needs, proposed with their reasons until a person has reviewed them."""
