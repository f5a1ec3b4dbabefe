"""What runs on a vantage point. Python 3.9 or later, standard library only; nothing is written to the host."""
