"""One module or folder per verb of `ablate`: its arguments, its work, its output."""
