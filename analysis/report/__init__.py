"""From the results of a study to its report: pages, macros and sentences."""
