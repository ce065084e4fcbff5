"""Files of records, and what other formats are made of them."""
