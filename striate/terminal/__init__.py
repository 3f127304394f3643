"""What a person sees in a terminal: progress, tables, units, escaped names, Ctrl-C."""
