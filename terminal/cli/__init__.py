"""The command line: what the arguments mean, and the commands that need no window."""
