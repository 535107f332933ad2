"""Files as institutes deliver them, read into one shape whatever their format."""
