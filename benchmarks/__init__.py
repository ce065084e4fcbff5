"""How fast netbeam is: `make bench`."""
