"""The mounts: routes, requests, answers, the view, the consumer, the schema."""
