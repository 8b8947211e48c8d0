"""Course work: mark bands, and the archive of a submission: its rules, documents, code, weights and verification."""
