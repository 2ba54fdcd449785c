"""Staff users, login, roles, access and refresh tokens, guest tokens and the signing keys."""
