"""A classifier in the formats of phones' own runtimes, converted in environments of their own."""
