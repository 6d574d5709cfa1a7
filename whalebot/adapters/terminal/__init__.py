"""What the daemon looks like on a screen: short coloured lines, or one table that is kept up to date."""
