"""The shell: settings, URLs, servers and commands that join the chat, the registry and the runtime."""
