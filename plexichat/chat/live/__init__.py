"""The live socket: what was said reaches those who listen, as it is said."""
