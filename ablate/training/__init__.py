"""Training: from a configuration to a run folder, with one visible loop."""
