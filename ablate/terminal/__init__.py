"""Terminal output: errors, progress bars, and text made safe to print."""
