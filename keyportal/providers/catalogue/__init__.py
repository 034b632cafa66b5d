"""One small file per provider: facts as data. Nothing here opens a connection."""
