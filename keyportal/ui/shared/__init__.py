"""What every screen uses: who is signed in, guards, messages, the frame, widgets."""
