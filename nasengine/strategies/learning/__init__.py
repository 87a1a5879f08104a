"""Small recurrent networks that strategies learn with, in numpy.

Searches run where no torch is loaded, and their state is JSON that must go on exactly: a few
thousand numbers in float32, moved by fixed arithmetic, do both. The networks that are
searched for are torch's; these only choose among them.
"""
