"""What a recorded session did, held against what a simulation makes of the same market."""
