"""Write the results of a study as a report: text, two-page PDF, interactive HTML page, LaTeX macros."""
