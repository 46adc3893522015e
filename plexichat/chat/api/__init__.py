"""The chat's REST API: shapes in, verbs called, shapes out."""
