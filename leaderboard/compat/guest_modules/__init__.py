"""This folder is appended to the path of a process that runs a guest: what is found nowhere else is found here."""
