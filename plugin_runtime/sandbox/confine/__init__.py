"""What a sandbox does to itself, between fork and the first line of the plugin.

`sequence` runs the layers in the one order that works; each layer has a file of its own. Nothing
here imports Django or anything else that is not needed to lock a process in.
"""
