"""How far a good result may be trusted: plain functions on arrays, randomness from a given generator."""
