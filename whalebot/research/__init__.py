"""What is learned from trades and history: reports, and everything that runs the engine over the past."""
