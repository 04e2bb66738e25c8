"""A feed that the trader's own program serves: framed msgpack over a socket of this machine."""
