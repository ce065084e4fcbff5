"""Records made from many packets: flows and connections, hosts and services."""
