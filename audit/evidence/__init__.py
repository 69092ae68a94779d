"""What is known of a dataset before anything is judged: each piece computed once, kept by a hash of what it is made of."""
