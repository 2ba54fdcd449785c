"""The ways to pay, as plug-ins behind one protocol."""
