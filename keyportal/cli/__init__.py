"""What an operator types. Parses, calls a service, prints; decides nothing."""
