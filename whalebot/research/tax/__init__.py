"""What a tax return asks for, counted from records: lots, disposals, results of perpetuals. No advice."""
