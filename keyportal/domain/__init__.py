"""Values, rules and errors. Standard library only; knows no database, no web framework, no vault."""
