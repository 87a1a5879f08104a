"""Starting the workbench on one machine: servers, processes, first steps.

`up` and what it needs (servers, processes, checks) run before Django is set up, since
they make the settings that Django then reads.
"""
