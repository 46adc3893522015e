"""`run`, `serve`, `test` and `bench`."""
