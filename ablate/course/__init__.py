"""An archive to hand in: its rules, its documents, its code, its weights, and the process that verifies it."""
