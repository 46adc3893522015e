"""The shell: settings, URLs, servers and commands that join chat, registry and runtime."""
