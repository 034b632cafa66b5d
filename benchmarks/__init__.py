"""What is measured and how: see README.md beside this file. Never part of the tests."""
