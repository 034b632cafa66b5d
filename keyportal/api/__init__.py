"""The REST front end: what programs, and the sign-in form, talk to. Decides nothing; calls services."""
