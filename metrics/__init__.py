"""The account: what every call cost, what it would have cost, and the reports."""
