"""Hooks: filters asked before a fact; events told after it come with the outbox."""
