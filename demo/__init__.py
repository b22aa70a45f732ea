"""What ``make demo`` runs: the four commands one after the other, and one page about them."""
