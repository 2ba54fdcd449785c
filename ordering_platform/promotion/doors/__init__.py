"""The doors of promotion-service, one module for each thing they are about."""
