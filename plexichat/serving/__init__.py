"""How requests reach Django: the server, the HTTP bridge, and the one-process host."""
