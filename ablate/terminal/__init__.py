"""What is shown in a terminal: errors, progress, text made safe to print."""
