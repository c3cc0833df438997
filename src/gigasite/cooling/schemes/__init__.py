"""Ways of rejecting heat, one file each."""
