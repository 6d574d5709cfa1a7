"""What was recorded as tables for other programs: CSV, JSON, Parquet."""
