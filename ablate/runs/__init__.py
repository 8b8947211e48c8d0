"""What a run folder holds: its records, read and written here."""
