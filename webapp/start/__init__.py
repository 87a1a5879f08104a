"""Start the workbench on one machine: servers, processes, first steps.

`up` and the modules it uses (servers, processes, checks) run before Django is set up, because
they produce the environment from which Django reads its settings.
"""
