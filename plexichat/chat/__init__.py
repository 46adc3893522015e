"""The chat server: users, channels, messages, their REST API and live socket."""
