"""Things that several test modules share."""
