"""The doors of payment-service, one module for each thing they are about."""
