"""Scheduled jobs: when they run, and running them, once per cluster.

`schedules` computes times, `runner` runs what is due beside the tasks of a worker. What is due,
and who runs it, is decided by the registry's rows: a worker that dies loses its lease, and
another one runs the job.
"""
