"""The first call of a compiled function compiles it: no test is judged by how long an example takes."""

from hypothesis import settings

settings.register_profile("compiled", deadline=None, derandomize=True)
settings.load_profile("compiled")
