"""What a plugin's author imports."""
