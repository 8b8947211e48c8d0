"""Files that are written whole or not at all, read up to a size, and locked."""
