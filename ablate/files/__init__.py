"""Safe files: atomic writes, reads with a size limit, and locks."""
