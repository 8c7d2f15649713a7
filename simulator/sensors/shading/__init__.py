"""Light and colour: from what a view sees to the bytes of a picture."""
