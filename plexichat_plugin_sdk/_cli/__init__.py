"""`plexichat-plugin`: what authors and publishers do in a shell.

`__main__` finds the verb; each verb is a file of the same name with `register` and `run`.
`packing` says which files a package has, `keys` and `envelope` are about signatures, `repository`
is about signed catalogues. Nothing here runs inside the sandbox.
"""
