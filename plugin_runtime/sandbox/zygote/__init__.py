"""The zygote: a small process, started with an empty environment, that forks the sandboxes.

`client` is the supervisor's side, `protocol` what travels between the two, `serve` the process
itself, `child` what a fork does before the plugin's runner takes over. The zygote holds no
secret, runs no plugin code, has one thread, and takes all its sandboxes along when it dies.
"""
