"""People who log in: users, roles, API tokens, sign-up. Customers are in `accounts`."""
