"""What templates of any app may show of the routing."""
