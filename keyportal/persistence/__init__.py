"""Tables and queries. Takes rows and ids, decides nothing, never sees a plaintext secret."""
