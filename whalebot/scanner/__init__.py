"""The scanner: watches many symbols at once and says which of them deserve a look; it never trades."""
