"""Pages that hear in a browser, without a server: one listens, one records. Start in ``page``."""
