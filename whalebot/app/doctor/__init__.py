"""What is checked before money moves: each finding says how it stands and what to do about it."""
