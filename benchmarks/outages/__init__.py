"""Parts of disasters.py and two_workers.py: a plan, processes to kill, and what must hold."""
