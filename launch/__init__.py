"""What bin/* does: set up this machine, start the two planes, run the tests.

It runs before anything is installed, so it needs Python's standard library only.
"""
