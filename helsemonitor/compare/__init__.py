"""Two releases side by side: what differs in schema, rows and values."""
