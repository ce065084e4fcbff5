"""Independent decoders and what they say of the shared captures."""
