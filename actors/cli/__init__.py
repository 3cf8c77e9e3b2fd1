"""The `arena` command: each file parses one command's words, calls one class or function, and prints.

What takes long to import (numba, pandas, Ray) is imported inside the commands, so that `arena --help` and
wrong words are answered at once.
"""
