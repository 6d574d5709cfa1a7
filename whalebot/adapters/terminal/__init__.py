"""What the owner reads in a terminal: compact lines, or one live table."""
