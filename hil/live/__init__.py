"""A run that listens here, in a terminal or in the page of a browser."""
