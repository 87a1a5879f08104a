"""Searches on the NAS-Bench-201 table: what is asked, and how the answers are drawn."""
