"""Our own towns: a builder that writes OpenDRIVE, five descriptions, and the files that come of them."""
