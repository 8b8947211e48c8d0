"""Studies: `plan` turns overrides into variants and runs, `sweeper` carries a plan out."""
