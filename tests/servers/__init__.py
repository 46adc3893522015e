"""Real PostgreSQL and Redis for the tests: found, started privately, stopped in the end.

`manage.py test` enters through `__main__`. A server comes from an address in the environment,
else from a program on this machine, else from the wheels among the test pins.
"""
