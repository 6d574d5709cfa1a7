"""A summary of trades as text, JSON, a page, a picture and a table."""
